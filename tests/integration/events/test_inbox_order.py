"""However events arrive, each takes effect once, in its place."""

from itertools import permutations

from tests.integration.events.letters import Overheard, event, events
from tests.integration.events.mail import Mail


async def test_an_event_that_comes_twice_takes_effect_once(mail: Mail) -> None:
    await mail.receive("A1")
    await mail.receive("A1")
    assert (await mail.effects(), mail.runs) == ("A1", ["A1"]), "an event took effect twice"


async def test_an_event_that_comes_twice_in_one_batch_takes_effect_once(mail: Mail) -> None:
    await mail.receive("A1 A1 A2 A1 A2")
    assert await mail.effects() == "A1 A2"


async def test_an_event_over_a_gap_is_parked_and_leaves_the_cursor_where_it_is(mail: Mail) -> None:
    await mail.receive("A1 A3")
    assert await mail.effects() == "A1", "an event took effect before the one it follows"
    assert await mail.cursors() == {"A": 1}
    assert await mail.parked() == {"A3": "waiting 0"}


async def test_what_is_parked_over_a_gap_is_taken_up_as_soon_as_the_gap_closes(mail: Mail) -> None:
    await mail.receive("A3")
    await mail.receive("A2")
    assert await mail.effects() == ""
    await mail.receive("A1")
    assert await mail.effects() == "A1 A2 A3", "an event that came too early was lost"
    assert (await mail.cursors(), await mail.parked()) == ({"A": 3}, {})


async def test_events_of_one_batch_take_effect_in_order_however_they_are_shuffled(mail: Mail) -> None:
    for order in permutations(["A1", "A2", "A3"]):
        await mail.do("DELETE FROM effect")
        await mail.do("DELETE FROM inbox_cursor")
        await mail.receive(" ".join([*order, *order]))
        assert (await mail.effects(), await mail.parked()) == ("A1 A2 A3", {}), "parked what the batch itself led up to"


async def test_a_parked_event_that_comes_again_stays_parked_as_it_is(mail: Mail) -> None:
    await mail.receive("A2")
    await mail.receive("A2 A2")
    assert await mail.parked() == {"A2": "waiting 0"}


async def test_a_gap_in_one_subject_keeps_no_other_waiting(mail: Mail) -> None:
    await mail.receive("A2 B1 B2")
    assert await mail.effects() == "B1 B2"
    assert await mail.cursors() == {"A": 0, "B": 2}


async def test_the_same_subject_is_counted_apart_for_each_source(mail: Mail) -> None:
    inbox = mail.inbox()
    await inbox.handle([event("A1"), event("A1", source="/waybill/delivery"), event("A2", source="/waybill/delivery")])
    found = await mail.rows("SELECT source, sequence FROM inbox_cursor ORDER BY source")
    assert [tuple(row) for row in found] == [("/waybill/delivery", 2), ("/waybill/sales", 1)]


async def test_a_type_without_a_handler_moves_the_cursor_all_the_same(mail: Mail) -> None:
    await mail.inbox().handle([event("A1", Overheard.TYPE), event("A2")])
    assert (await mail.effects(), await mail.cursors()) == ("A2", {"A": 2}), "what follows waits for ever"


async def test_a_parked_event_of_a_type_without_a_handler_lets_those_behind_it_go_on(mail: Mail) -> None:
    await mail.inbox().handle([event("A2", Overheard.TYPE)])
    await mail.inbox().handle([event("A1"), event("A3")])
    assert (await mail.effects(), await mail.cursors(), await mail.parked()) == ("A1 A3", {"A": 3}, {})


async def test_a_batch_of_64_events_of_as_many_subjects_is_one_transaction(mail: Mail) -> None:
    batch = " ".join(f"{chr(number)}1" for number in range(0x4E00, 0x4E00 + 64))
    await mail.inbox().handle(events(batch))
    (row,) = await mail.rows("SELECT count(DISTINCT xmin::text) AS transactions, count(*) AS events FROM effect")
    assert tuple(row) == (1, 64)


async def test_each_parked_event_is_taken_up_in_a_transaction_of_its_own(mail: Mail) -> None:
    await mail.receive("A2 A3")
    await mail.receive("A1")
    (row,) = await mail.rows("SELECT count(DISTINCT xmin::text) AS transactions FROM effect")
    assert row.transactions == 3, "parked events share a transaction"


async def test_what_is_handled_while_a_module_is_asked_does_not_look_lost(mail: Mail) -> None:
    inbox = mail.inbox()

    async def at_end(_source: str) -> bool:
        await mail.receive("A1")  # just then the last that there is to read is handled
        return True

    inbox.at_end = at_end
    progress = await inbox.progress("/waybill/sales", [event("A1").subject])
    assert progress.at_end
    assert progress.handled == {event("A1").subject: 1}, "what was just handled looks lost"


async def test_progress_says_how_far_each_subject_is_and_what_is_parked(mail: Mail) -> None:
    await mail.receive("A1 A2 B2 B3 C1")
    asked = [one.subject for one in events("A1 B1 D1")]
    progress = await mail.inbox().progress("/waybill/sales", asked)
    a, b, _ = asked
    assert (progress.handled, progress.parked) == ({a: 2, b: 0}, {b: frozenset({2, 3})})
