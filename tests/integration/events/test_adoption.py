"""A subscriber that is new begins behind what was told before it came, wherever it is interrupted."""

from collections.abc import Iterator

import pytest
from loguru import logger

from app.bus import Beginning, Consumer
from modules.kernel.adoption import Adoption
from modules.kernel.errors import NotReached
from modules.kernel.events import source_of
from tests.integration.events.letters import SOURCE, Fault, Killed, event, events, raises
from tests.integration.events.mail import Mail
from tests.integration.events.teller import Teller
from tests.support.interleaving import Gate

OTHER = source_of("delivery")
WAITS = "what comes after it waits for ever behind what is gone"


@pytest.fixture
def log() -> Iterator[list[str]]:
    """What is written into the log."""
    written: list[str] = []
    sink = logger.add(lambda line: written.append(str(line)), format="{message}")
    yield written
    logger.remove(sink)


def late(mail: Mail, **tellers: Teller) -> Consumer:
    """A process of a module that follows these modules, and is new as far as its database says so."""
    adoption = Adoption(mail.database, {source_of(module): teller.last_told for module, teller in tellers.items()})
    return Consumer("sales", mail.inbox(), Beginning("sales", adoption))


def from_the_second_on(fault: Fault) -> Fault:
    """What happens to everybody but the first who comes."""
    come: list[None] = []

    async def later() -> None:
        come.append(None)
        if len(come) > 1:
            await fault()

    return later


async def given(consumer: Consumer, called: str) -> None:
    """Have the bus hand events over, and the consumer do what it does about them."""
    for one in events(called):
        await consumer.give(one)
    await consumer.turn()


async def test_a_subscriber_that_is_new_handles_what_comes_after_it_and_nothing_before(mail: Mail) -> None:
    consumer = late(mail, sales=Teller("A3 B1 C2"))
    await consumer.beginning.run()
    await given(consumer, "A3 A4 B2 D1 C1")
    assert set((await mail.effects()).split()) == {"A4", "B2", "D1"}, WAITS
    assert await mail.parked() == {}
    assert (await consumer.inbox.progress(SOURCE, [event("C2").subject])).handled == {event("C2").subject: 2}


async def test_once_it_has_begun_it_asks_nobody_any_more(mail: Mail) -> None:
    await late(mail, sales=Teller("A3")).beginning.run()
    consumer = late(mail, sales=(teller := Teller("A5")))
    await given(consumer, "A4")
    assert (await mail.effects(), teller.asked) == ("A4", [])


async def test_nothing_of_a_source_is_handled_before_it_is_known_how_far_that_is_and_others_go_on(mail: Mail) -> None:
    await Adoption(mail.database, {OTHER: Teller().last_told}).adopt(OTHER)
    consumer = late(mail, delivery=Teller(), sales=Teller("A3", before=(gate := Gate()).passed))
    beginning = mail.begin(consumer.beginning.run())
    await gate.reached()
    await consumer.give(event("A4"))
    await consumer.give(event("Z1", source=OTHER))
    await consumer.turn()
    assert (await mail.effects(), await mail.parked()) == ("Z1", {}), "handled before it was known how far it is"
    assert not await consumer.inbox.at_end(SOURCE), "what it passes over would count as lost"
    assert consumer.beginning.ahead == {SOURCE}
    gate.open()
    await beginning
    assert consumer.beginning.ahead == frozenset()
    await given(consumer, "A4")
    assert await mail.effects() == "Z1 A4"


async def test_a_subscriber_that_ends_in_the_middle_goes_on_there_and_begins_when_all_is_taken_over(mail: Mail) -> None:
    killed = Teller("A3 B1 C2 D4 E1", before=from_the_second_on(raises(Killed())))
    adoption = Adoption(mail.database, {SOURCE: killed.last_told})
    with pytest.raises(Killed):
        await adoption.adopt(SOURCE)
    assert await adoption.missing() == {SOURCE}, "half of it was taken for all"
    consumer = late(mail, sales=(teller := Teller("A4 B1 C3 D4 E1 F1")))
    await consumer.beginning.run()
    assert teller.asked == ["B", "D", "F"]
    await given(consumer, after := "A4 B2 C4 D5 E2 F2 G1")
    assert set((await mail.effects()).split()) == set(after.split()), WAITS


async def test_what_comes_after_the_end_is_handled_though_another_process_hears_of_it_in_a_late_page(
    mail: Mail,
) -> None:
    slow = Teller(before=(gate := Gate()).passed)
    adopting = mail.begin(late(mail, sales=slow).beginning.run())
    await gate.reached()
    consumer = late(mail, sales=Teller())
    await consumer.beginning.run()
    slow.tells("A1")
    gate.open()
    await adopting
    await given(consumer, "A1")
    assert await mail.effects() == "A1", "what came after the beginning was passed over"


async def test_two_processes_that_begin_at_once_share_what_is_to_be_taken_over(mail: Mail) -> None:
    slow, fast = Teller("A3 B1 C2 D1", before=(gate := Gate()).passed), Teller("A3 B1 C2 D1")
    fast.before = from_the_second_on((second := Gate()).passed)
    slowly = mail.begin(late(mail, sales=slow).beginning.run())
    await gate.reached()
    quickly = mail.begin(late(mail, sales=fast).beginning.run())
    await second.reached()
    gate.open()
    await slowly
    second.open()
    await quickly
    assert (slow.asked, fast.asked) == ([None, "B", "D"], [None, "B"])
    assert await mail.cursors() == {"A": 3, "B": 1, "C": 2, "D": 1}


async def test_a_number_that_is_there_is_left_as_it_is(mail: Mail) -> None:
    await mail.receive("A1 A2")
    await late(mail, sales=Teller("A5 B1")).beginning.run()
    assert await mail.cursors() == {"A": 2, "B": 1}


async def test_it_waits_for_an_emitter_that_is_away_and_says_so_once(mail: Mail, log: list[str]) -> None:
    consumer = late(mail, sales=Teller("A3", before=raises(NotReached("sales is away"), times=3)))
    await consumer.beginning.run()
    await given(consumer, "A4")
    assert await mail.effects() == "A4"
    assert [line for line in log if "sales is away" in line] == [
        f"sales can't follow {SOURCE} before it knows how far that is: sales is away\n"
    ]
    assert log[-1] == f"sales follows {SOURCE} from here on\n"


async def test_a_fault_of_an_emitter_is_waited_out_and_keeps_no_other_source_waiting(mail: Mail) -> None:
    consumer = late(mail, sales=Teller("A3", before=raises(ValueError("broken"), times=2)), delivery=Teller("A1"))
    await consumer.beginning.run()
    assert consumer.beginning.ahead == frozenset()
    await given(consumer, "A4")
    assert await mail.effects() == "A4"
