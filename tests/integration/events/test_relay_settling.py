"""Published is not settled: an event is kept, and published again, until every subscriber has said that it handled it."""

from itertools import pairwise

import pytest

from modules.kernel.errors import Unavailable
from modules.kernel.inbox import MAX_ATTEMPTS
from tests.integration.events.letters import raises, subject
from tests.integration.events.mail import Mail
from tests.integration.events.sending import AWAY, Sender, Word, pause_is_over


async def test_an_event_is_settled_on_the_word_of_its_subscriber(mail: Mail) -> None:
    await mail.record("A1 B1")
    sender = Sender(mail)
    await sender.turn()
    assert await mail.outgoing() == {"A1": "published", "B1": "published"}, "settled before it was handled"
    await sender.deliver()
    await sender.turn()
    assert await mail.outgoing() == {"A1": "settled", "B1": "settled"}


async def test_an_event_is_settled_only_when_the_last_subscriber_has_handled_it(mail: Mail) -> None:
    await mail.record("A1")
    subscribers = [Word(at_end=False) for _ in range(3)]
    sender = Sender(mail, subscribers=subscribers)
    await sender.turn()
    await sender.deliver()
    for subscriber in subscribers:
        await sender.turn()
        assert await mail.outgoing() == {"A1": "published"}, "settled before the last had handled it"
        subscriber.has_handled("A1")
    await sender.turn()
    assert await mail.outgoing() == {"A1": "settled"}


async def test_an_event_that_the_bus_took_and_lost_is_published_again_after_its_pause(mail: Mail) -> None:
    await mail.record("A1 B1")
    lossy = Sender(mail, loses="A1")
    await lossy.send()
    assert await mail.outgoing() == {"A1": "published", "B1": "settled"}, "an event that was lost is settled"
    await lossy.send()
    assert lossy.bus.published == ["A1", "B1"], "published again before its pause was over"
    await pause_is_over(mail)
    lossy.bus._loses.clear()
    await lossy.send()
    await lossy.send()
    assert (lossy.bus.published, await mail.effects()) == (["A1", "B1", "A1"], "B1 A1"), "an event was lost"
    assert await mail.outgoing() == {"A1": "settled", "B1": "settled"}


async def test_the_first_pause_is_a_second(mail: Mail) -> None:
    await mail.record("A1")
    sender = Sender(mail, loses="A1")
    await sender.turn()
    await mail.do("UPDATE outbox SET published_at = clock_timestamp() - interval '1 s'")
    await sender.turn()
    assert await mail.outgoing() == {"A1": "recorded"}


PAST = """
    UPDATE outbox SET state = 'published', publications = :publications,
        published_at = clock_timestamp() - :past_s * interval '1 s'
"""


async def test_the_pause_doubles_from_time_to_time_up_to_ten_minutes(mail: Mail) -> None:
    await mail.record("A1")
    sender = Sender(mail, loses="A1")
    await sender.turn()
    for publications, pause_s in {3: 4, 4: 8, 8: 128, 10: 512, 11: 600, 99: 600}.items():
        for past_s, state in ((pause_s / 2 + 0.1, "published"), (pause_s, "recorded")):
            await mail.do(PAST, publications=publications, past_s=past_s)
            await sender.turn()
            assert await mail.outgoing() == {"A1": state}, f"{past_s} s after publication {publications}"


async def test_a_subscriber_that_is_behind_is_not_flooded(mail: Mail) -> None:
    await mail.record("A1")
    sender = Sender(mail)
    await sender.turn()
    await pause_is_over(mail)
    await sender.turn()
    assert (sender.bus.published, await mail.outgoing()) == (["A1"], {"A1": "published"}), "who is behind was flooded"


async def test_an_event_that_is_parked_is_neither_settled_nor_published_again(mail: Mail) -> None:
    await mail.record("A2")
    sender = Sender(mail)
    await sender.send()
    await pause_is_over(mail)
    await sender.send()
    assert sender.bus.published == ["A2"], "what is parked was published again"
    assert await mail.outgoing() == {"A2": "published"}, "what is parked was settled"
    await mail.record("A1")
    await sender.send()
    assert await mail.outgoing() == {"A2": "settled", "A1": "settled"}


async def test_an_event_that_is_dead_is_neither_settled_nor_published_again(mail: Mail) -> None:
    mail.faults["A1"] = raises(ValueError("broken"))
    await mail.record("A1 A2 B1")
    sender = Sender(mail)
    await sender.send()
    for _ in range(MAX_ATTEMPTS):
        await mail.try_again(sender.inbox)
    await pause_is_over(mail)
    await sender.send()
    assert await mail.parked() == {"A1": "dead 8", "A2": "waiting 0"}
    states = {"A1": "published", "A2": "published", "B1": "settled"}
    assert (sender.bus.published, await mail.outgoing()) == (["A1", "A2", "B1"], states), "a dead letter went out again"


async def silenced(sender: Sender) -> None:
    """A turn that must end with a subscriber that gives no answer."""
    try:
        await sender.turn()
    except Unavailable:
        return
    raise AssertionError("silence was taken for a word")


async def test_while_a_subscriber_gives_no_answer_nothing_changes_but_what_is_new_is_published(mail: Mail) -> None:
    await mail.record("A1")
    sender = Sender(mail, loses="A1 A2", subscribers=[Word(), AWAY])
    for called in ("A2", "A3"):
        await silenced(sender)
        await pause_is_over(mail)
        await mail.record(called)
    await silenced(sender)
    assert (sender.bus.published, set((await mail.outgoing()).values())) == (["A1", "A2", "A3"], {"published"})


async def test_between_two_questions_about_an_event_pauses_grow(mail: Mail) -> None:
    await mail.record("A1")
    sender = Sender(mail, subscribers=[Word(at_end=False)])
    await sender.turn()
    waits = []
    for checks in (0, 3, 6, 7):
        await mail.do("UPDATE outbox SET checks = :checks", checks=checks)
        await sender.turn()
        (row,) = await mail.rows("SELECT extract(epoch FROM check_at - clock_timestamp()) AS wait_s FROM outbox")
        waits.append(float(row.wait_s))
    assert all(later > earlier for earlier, later in pairwise(waits)), waits
    assert waits[-1] <= 2, "longer than a restart of Redis may cost"


async def test_only_what_was_settled_longer_ago_than_the_retention_is_pruned(mail: Mail) -> None:
    await mail.record("A1 B1 C1 D1")
    sender = Sender(mail, loses="C1", refuses="D1")
    await sender.send()
    await mail.do("UPDATE outbox SET settled_at = now() - interval '8 days' WHERE subject = :a", a=subject("A"))
    await mail.do("UPDATE outbox SET recorded_at = now() - interval '9 days', published_at = now() - interval '9 days'")
    sender.relay._prune_at = 0.0
    await sender.turn()
    left = list(await mail.outgoing())
    assert left[-2:] == ["C1", "D1"], "what is not settled was pruned"
    assert left == ["B1", "C1", "D1"], "what was settled of late was pruned"


async def test_pruning_goes_on_until_nothing_old_is_left(mail: Mail) -> None:
    await mail.do(
        "INSERT INTO outbox (event_id, type, subject, sequence, data, state, settled_at) SELECT gen_random_uuid(), 't',"
        " gen_random_uuid(), 1, '{}', 'settled', now() - interval '8 days' FROM generate_series(1, 2500)"
    )
    sender = Sender(mail)
    for left in (1500, 500, 0):
        await sender.turn()
        assert len(await mail.rows("SELECT FROM outbox")) == left


async def test_pruning_does_not_wait_for_a_subscriber_that_is_away(mail: Mail) -> None:
    await mail.record("A1 B1")
    sender = Sender(mail, subscribers=[AWAY])
    await mail.do(
        "UPDATE outbox SET state = 'settled', settled_at = now() - interval '8 days' WHERE subject = :a", a=subject("A")
    )
    with pytest.raises(Unavailable):
        await sender.turn()
    assert list(await mail.outgoing()) == ["B1"]


async def test_places_on_a_bus_compare_as_two_numbers(mail: Mail) -> None:
    await mail.record("A1 B1 C1 D1")
    await mail.do("UPDATE outbox SET state = 'published', bus = 'here', check_at = clock_timestamp()")
    for called, place in {"A": "10-0", "B": "9-10", "C": "9-9", "D": "8-0"}.items():
        await mail.do("UPDATE outbox SET stream_id = :place WHERE subject = :s", place=place, s=subject(called))
    await mail.do("UPDATE outbox SET bus = 'elsewhere' WHERE subject = :s", s=subject("D"))
    outbox = mail.outbox()
    places = [await outbox.settled_up_to(bus) for bus in ("here", "elsewhere", "nowhere")]
    assert places == ["9-9", "8-0", None], "places compare as texts"
    await mail.do("UPDATE outbox SET state = 'settled', settled_at = now() WHERE bus = 'here'")
    assert await outbox.settled_up_to("here") == "10-0"
    await mail.do("UPDATE outbox SET state = 'recorded'")
