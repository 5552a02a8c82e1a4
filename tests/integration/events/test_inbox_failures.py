"""An event whose handler raises: it alone is parked, tried again with growing pauses, and given up after 8 attempts."""

import pytest

from modules.kernel.inbox import MAX_ATTEMPTS
from tests.integration.events.letters import event, raises, subject
from tests.integration.events.mail import Mail

BROKEN = ValueError("broken")


@pytest.mark.parametrize("broken", ["A1", "C1", "E1"])
async def test_one_that_fails_is_parked_and_its_neighbours_in_the_batch_go_on(mail: Mail, broken: str) -> None:
    mail.faults[broken] = raises(BROKEN)
    await mail.receive("A1 B1 C1 D1 E1")
    unharmed = {"A1", "B1", "C1", "D1", "E1"} - {broken}
    assert set((await mail.effects()).split()) == unharmed, "an event pays for its neighbour"
    assert await mail.parked() == {broken: "retrying 1"}
    assert (await mail.cursors())[broken[0]] == 0


async def test_later_events_of_the_subject_in_the_same_batch_wait_behind_the_one_that_fails(mail: Mail) -> None:
    mail.faults["A2"] = raises(BROKEN)
    await mail.receive("A1 B1 A2 A3 B2 A4")
    assert sorted((await mail.effects()).split()) == ["A1", "B1", "B2"], "an event pays for its neighbour"
    assert await mail.parked() == {"A2": "retrying 1", "A3": "waiting 0", "A4": "waiting 0"}


async def test_later_events_of_the_subject_wait_behind_it_and_other_subjects_do_not(mail: Mail) -> None:
    mail.faults["A1"] = raises(BROKEN)
    await mail.receive("A1")
    await mail.receive("A2 B1")
    await mail.receive("B2 A3")
    assert await mail.effects() == "B1 B2"
    assert await mail.parked() == {"A1": "retrying 1", "A2": "waiting 0", "A3": "waiting 0"}


async def test_one_that_fails_and_then_succeeds_lets_those_behind_it_follow_in_order(mail: Mail) -> None:
    mail.faults["A1"] = raises(BROKEN, times=3)
    await mail.receive("A1")
    await mail.receive("A3 A2")
    await mail.try_again()
    await mail.try_again()
    assert await mail.effects() == ""
    await mail.try_again()
    assert (await mail.effects(), await mail.parked()) == ("A1 A2 A3", {})


async def test_one_that_fails_stays_parked_when_it_comes_again(mail: Mail) -> None:
    mail.faults["A1"] = raises(BROKEN)
    await mail.receive("A1")
    await mail.receive("A1 A1")
    assert mail.runs == ["A1"], "a parked event was run by its redelivery"
    assert await mail.parked() == {"A1": "retrying 1"}


async def test_before_its_pause_is_over_it_is_not_tried(mail: Mail) -> None:
    mail.faults["A1"] = raises(BROKEN)
    await mail.receive("A1")
    await mail.do("UPDATE inbox_parked SET next_at = clock_timestamp() + interval '1 min'")
    inbox = mail.inbox()
    assert await inbox.due() == [], "it is due before its pause is over"
    await inbox.take_up(("/waybill/sales", subject("A")))
    assert mail.runs == ["A1"], "it was tried before its pause was over"


async def test_a_pause_is_as_long_as_its_attempt_asks_for(mail: Mail) -> None:
    mail.faults["A1"] = raises(BROKEN)
    await mail.receive("A1")
    for attempts, pause_s in {6: 1.6, 7: 3.2}.items():
        await mail.do("UPDATE inbox_parked SET attempts = :before", before=attempts - 1)
        await mail.try_again()
        (row,) = await mail.rows("SELECT extract(epoch FROM next_at - clock_timestamp()) AS left_s FROM inbox_parked")
        assert pause_s / 2 < row.left_s <= pause_s, f"another pause after attempt {attempts}"


async def test_after_eight_attempts_it_is_dead_and_never_tried_again(mail: Mail) -> None:
    mail.faults["A1"] = raises(BROKEN)
    await mail.receive("A1")
    await mail.receive("A2 B1")
    for _ in range(MAX_ATTEMPTS + 3):
        await mail.try_again()
    assert mail.runs.count("A1") == MAX_ATTEMPTS, "an event is tried for ever"
    assert await mail.parked() == {"A1": "dead 8", "A2": "waiting 0"}
    (row,) = await mail.rows("SELECT error FROM inbox_parked WHERE state = 'dead'")
    assert row.error == "ValueError: broken"


async def test_a_dead_letter_blocks_its_own_subject_only(mail: Mail) -> None:
    mail.faults["A1"] = raises(BROKEN)
    await mail.receive("A1")
    for _ in range(MAX_ATTEMPTS):
        await mail.try_again()
    mail.faults.clear()
    await mail.receive("A2 A1 B1")
    await mail.try_again()
    assert "B1" in await mail.effects(), "a dead letter keeps other subjects waiting"
    assert await mail.effects() == "B1", "a dead letter was run, or overtaken"
    assert await mail.parked() == {"A1": "dead 8", "A2": "waiting 0"}


async def test_one_that_fails_behind_a_gap_is_counted_from_its_first_run(mail: Mail) -> None:
    mail.faults["A2"] = raises(BROKEN)
    await mail.receive("A2 A3")
    await mail.receive("A1")
    assert await mail.effects() == "A1"
    assert await mail.parked() == {"A2": "retrying 1", "A3": "waiting 0"}


async def test_what_a_handler_says_in_its_error_can_always_be_stored(mail: Mail) -> None:
    mail.faults["A1"] = raises(ValueError("a NUL \0 and half a character \ud800" + "!" * 5000))
    await mail.receive("A1 B1")
    assert await mail.parked() == {"A1": "retrying 1"}
    (row,) = await mail.rows("SELECT error FROM inbox_parked")
    assert row.error.startswith(r"ValueError: a NUL \0 and half a character \ud800!")


async def test_what_a_failed_event_has_recorded_is_not_sent(mail: Mail) -> None:
    mail.replies = True
    mail.faults["A1"] = raises(BROKEN)
    await mail.receive("A1 B1")
    assert await mail.outgoing() == {"B1": "recorded"}, "an event tells of what never happened"


async def test_what_an_event_records_is_sent_once_however_often_it_comes(mail: Mail) -> None:
    mail.replies = True
    mail.faults["A1"] = raises(BROKEN, times=2)
    await mail.receive("A1 B1")
    await mail.receive("B1 A1")
    for _ in range(3):
        await mail.try_again()
    assert await mail.outgoing() == {"B1": "recorded", "A1": "recorded"}


async def test_an_event_that_is_given_up_is_dead_without_a_run_and_what_follows_it_waits(mail: Mail) -> None:
    for _ in range(2):
        await mail.inbox().give_up(event("A1"), 4, "it ends every process")
    await mail.receive("A1 A2 B1")
    assert await mail.parked() == {"A1": "dead 4", "A2": "waiting 0"}
    assert (mail.runs, await mail.effects()) == (["B1"], "B1")


async def test_an_event_that_was_handled_or_parked_before_is_not_given_up(mail: Mail) -> None:
    await mail.receive("A1 B2")
    for called in ("A1", "B2"):
        await mail.inbox().give_up(event(called), 4, "it ends every process")
    assert await mail.parked() == {"B2": "waiting 0"}, "given up what was handled"
    await mail.receive("B1")
    assert await mail.effects() == "A1 B1 B2"
