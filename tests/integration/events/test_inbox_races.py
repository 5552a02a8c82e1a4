"""Two consumers of one module at the same events, each order of their steps forced."""

import pytest

from modules.kernel.database import sql
from modules.kernel.errors import Contended, NotReached
from tests.integration.events.letters import SOURCE, once, raises, subject
from tests.integration.events.mail import Mail
from tests.support.interleaving import Gate, UnsteadyDatabase


async def test_two_consumers_with_the_same_batch_wait_for_each_other_and_the_second_drops_it(mail: Mail) -> None:
    await mail.receive("A1 B1")
    gate = Gate()
    mail.faults["A2"] = once(gate.passed)
    first = mail.begin(mail.receive("A2 B2"))
    await gate.reached()
    second = mail.begin(mail.receive("A2 B2"))
    await mail.waits(unless=second)
    gate.open()
    await first
    await second
    assert await mail.effects() == "A1 B1 A2 B2", "an event took effect twice"


async def test_two_consumers_at_the_first_event_of_a_subject_wait_for_each_other_too(mail: Mail) -> None:
    gate = Gate()
    first = mail.begin(mail.receive("A1", UnsteadyDatabase(mail.database, before_commit=gate)))
    await gate.reached()
    second = mail.begin(mail.receive("A1"))
    await mail.waits(unless=second)
    gate.open()
    await first
    await second
    assert await mail.effects() == "A1", "an event took effect twice"


async def test_a_consumer_that_waited_for_one_that_failed_handles_the_event_itself(mail: Mail) -> None:
    gate = Gate()
    database = UnsteadyDatabase(mail.database, before_commit=gate, fails=True)
    first = mail.begin(mail.receive("A1", database))
    await gate.reached()
    second = mail.begin(mail.receive("A1"))
    await mail.waits(unless=second)
    gate.open()
    await second
    with pytest.raises(NotReached):
        await first
    assert await mail.effects() == "A1"


async def test_consumers_with_crossing_batches_lock_subjects_in_one_order(mail: Mail) -> None:
    await mail.receive("A1 B1 C1")
    gate = Gate()
    first = mail.begin(mail.receive("C2 A2", UnsteadyDatabase(mail.database, before_commit=gate)))
    await gate.reached()
    second = mail.begin(mail.receive("B2 C2 A2"))
    third = mail.begin(mail.receive("A2 C2 B2"))
    await mail.waits(unless=second)
    gate.open()
    await first
    await second
    await third
    assert await mail.cursors() == {"A": 2, "B": 2, "C": 2}


LOCK = sql("SELECT FROM inbox_cursor WHERE subject = :subject FOR UPDATE")
CIRCLE = "two consumers waited in a circle"


async def test_subjects_are_locked_in_their_order_however_their_events_come(mail: Mail) -> None:
    await mail.receive("A1 B1")
    async with mail.database.transaction() as other:
        await other.execute(LOCK, subject=subject("A"))
        receiving = mail.begin(mail.receive("B2 A2"))
        await mail.waits(unless=receiving)
        try:
            await other.execute(LOCK, subject=subject("B"))
        except Contended:
            raise AssertionError(CIRCLE) from None
    try:
        await receiving
    except Contended:
        raise AssertionError(CIRCLE) from None
    assert await mail.cursors() == {"A": 2, "B": 2}


async def test_an_event_that_another_consumer_is_just_parking_is_not_run_again(mail: Mail) -> None:
    await mail.receive("A1")
    mail.faults["A2"] = raises(ValueError("broken"), times=1)
    gate = Gate()
    first = mail.begin(mail.receive("A2", UnsteadyDatabase(mail.database, before_commit=gate)))
    await gate.reached()
    second = mail.begin(mail.receive("A2"))
    await mail.waits(unless=second)
    gate.open()
    await first
    await second
    assert mail.runs == ["A1", "A2"], "a parked event was run by its redelivery"
    assert await mail.parked() == {"A2": "retrying 1"}


async def test_what_another_consumer_is_just_parking_is_taken_up_by_the_one_that_closes_the_gap(mail: Mail) -> None:
    await mail.receive("A1")
    gate = Gate()
    first = mail.begin(mail.receive("A3", UnsteadyDatabase(mail.database, before_commit=gate)))
    await gate.reached()
    second = mail.begin(mail.receive("A2"))
    await mail.waits(unless=second)
    gate.open()
    await first
    await second
    assert await mail.effects() == "A1 A2 A3"


async def test_a_parked_event_is_taken_up_by_one_of_two_consumers(mail: Mail) -> None:
    mail.faults["A1"] = raises(ValueError("broken"), times=1)
    await mail.receive("A1")
    mail.faults["A1"] = (gate := Gate()).passed
    first = mail.begin(mail.try_again())
    await gate.reached()
    await mail.inbox().take_up((SOURCE, subject("A")))
    gate.open()
    await first
    assert (await mail.effects(), mail.runs) == ("A1", ["A1", "A1"])


async def test_a_parked_event_whose_pause_ended_during_its_run_waits_for_that_run_and_is_dropped(mail: Mail) -> None:
    mail.faults["A1"] = raises(ValueError("broken"), times=1)
    await mail.receive("A1")
    mail.faults["A1"] = (gate := Gate()).passed
    first = mail.begin(mail.try_again())
    await gate.reached()
    second = mail.begin(mail.try_again())
    await mail.waits(unless=second)
    gate.open()
    await first
    await second
    assert (await mail.effects(), await mail.parked()) == ("A1", {})
