"""Not the event's fault: the database is away, or the process dies."""

import pytest

from modules.kernel.errors import Contended, NotReached, Unavailable
from modules.kernel.inbox import MAX_ATTEMPTS
from tests.integration.events.letters import Fault, Killed, raises, unanswered
from tests.integration.events.mail import Mail
from tests.integration.events.sending import stopped
from tests.support.interleaving import ComesAndGoes, Gate, UnsteadyDatabase

AWAY = NotReached("away")


async def test_while_the_database_is_away_nothing_is_parked_or_counted(mail: Mail) -> None:
    await unanswered(mail.receive("A1 B1", UnsteadyDatabase(mail.database, fails=True)))
    assert (await mail.cursors(), await mail.parked(), await mail.effects()) == ({}, {}, "")
    await mail.receive("A1 B1")
    assert await mail.effects() == "A1 B1"


async def test_an_answer_to_commit_that_is_lost_leaves_one_effect_after_the_repeat(mail: Mail) -> None:
    await unanswered(mail.receive("A1 B1", UnsteadyDatabase(mail.database, forgets=True)))
    await mail.receive("A1 B1")
    assert (await mail.effects(), await mail.parked()) == ("A1 B1", {}), "an event took effect twice"


@pytest.mark.parametrize("error", [AWAY, Contended(), Unavailable()], ids=lambda error: error.code)
async def test_a_handler_that_gets_no_answer_parks_nothing_however_often(mail: Mail, error: Unavailable) -> None:
    mail.faults["B1"] = raises(error)
    for _ in range(MAX_ATTEMPTS + 1):
        await unanswered(mail.receive("A1 B1 C1"))
    assert (await mail.effects(), await mail.parked()) == ("", {})
    mail.faults.clear()
    await mail.receive("A1 B1 C1")
    assert await mail.effects() == "A1 B1 C1"


async def test_an_outage_in_the_middle_of_a_bisected_batch_is_made_good_by_its_repeat(mail: Mail) -> None:
    mail.faults["A1"] = raises(ValueError("broken"))
    mail.faults["D1"] = raises(AWAY, times=1)
    await unanswered(mail.receive("A1 B1 C1 D1"))
    await mail.receive("A1 B1 C1 D1")
    assert sorted((await mail.effects()).split()) == ["B1", "C1", "D1"]
    assert await mail.parked() == {"A1": "retrying 1"}


async def test_an_outage_while_a_parked_event_is_tried_is_not_counted(mail: Mail) -> None:
    mail.faults["A1"] = raises(ValueError("broken"), times=1)
    await mail.receive("A1")
    mail.faults["A1"] = raises(AWAY)
    for _ in range(MAX_ATTEMPTS + 1):
        await unanswered(mail.try_again())
    assert await mail.parked() == {"A1": "retrying 1"}
    (row,) = await mail.rows("SELECT error FROM inbox_parked")
    assert row.error == "ValueError: broken"
    mail.faults.clear()
    await mail.try_again()
    assert await mail.effects() == "A1"


async def test_an_outage_in_which_not_even_that_can_be_written_down_is_not_counted_either(mail: Mail) -> None:
    mail.faults["A1"] = raises(ValueError("broken"), times=1)
    await mail.receive("A1")
    database = ComesAndGoes(mail.database)
    inbox = mail.inbox(database)
    mail.faults["A1"] = database.goes
    for _ in range(MAX_ATTEMPTS + 1):
        await unanswered(mail.try_again(inbox))
        database.away = False
    await inbox.due()
    assert await mail.parked() == {"A1": "retrying 1"}, "an outage was counted"
    mail.faults.clear()
    await mail.try_again(inbox)
    assert await mail.effects() == "A1"


async def failed(mail: Mail, times: int) -> None:
    """Have A1 have failed so often."""
    mail.faults["A1"] = raises(ValueError("broken"))
    await mail.receive("A1")
    for _ in range(times - 1):
        await mail.try_again()


async def test_an_outage_is_not_counted_though_another_process_has_given_up_since(mail: Mail) -> None:
    await failed(mail, MAX_ATTEMPTS - 1)
    database = ComesAndGoes(mail.database)
    inbox = mail.inbox(database)
    mail.faults["A1"] = database.goes
    await unanswered(mail.try_again(inbox))
    await mail.try_again()
    assert await mail.parked() == {"A1": "dead 8"}
    database.away = False
    await inbox.due()
    assert await mail.parked() == {"A1": "retrying 7"}, "it was given up for an outage"
    mail.faults.clear()
    for key in await inbox.due():  # at once
        await inbox.take_up(key)
    assert await mail.effects() == "A1"


async def test_an_outage_is_not_counted_though_another_process_is_at_it(mail: Mail) -> None:
    await failed(mail, MAX_ATTEMPTS - 2)
    database, gate = ComesAndGoes(mail.database), Gate()
    inbox = mail.inbox(database)
    mail.faults["A1"] = database.goes
    await unanswered(mail.try_again(inbox))
    mail.faults["A1"] = in_turn(gate.passed, raises(ValueError("broken")))
    trying = mail.begin(mail.try_again())
    await gate.reached()
    database.away = False
    await inbox.due()
    gate.open()
    await trying
    assert await mail.parked() == {"A1": "retrying 7"}, "it was given up for an outage"
    await mail.try_again()
    assert await mail.parked() == {"A1": "dead 8"}


def in_turn(*faults: Fault) -> Fault:
    """One after the other."""

    async def all_of_them() -> None:
        for fault in faults:
            await fault()

    return all_of_them


async def test_a_process_that_is_stopped_in_the_middle_of_an_attempt_has_not_tried(mail: Mail) -> None:
    mail.faults["A1"] = raises(ValueError("broken"), times=1)
    await mail.receive("A1")
    mail.faults["A1"] = (gate := Gate()).passed
    trying = mail.begin(mail.try_again())
    await gate.reached()
    await stopped(trying)
    assert await mail.parked() == {"A1": "retrying 1"}, "a stop was counted"
    mail.faults.clear()
    inbox = mail.inbox()
    for key in await inbox.due():  # at once: it has no pause to wait for
        await inbox.take_up(key)
    assert await mail.effects() == "A1"


async def test_an_outage_while_what_waited_is_taken_up_leaves_it_waiting(mail: Mail) -> None:
    mail.faults["A2"] = raises(AWAY, times=1)
    await mail.receive("A2")
    await unanswered(mail.receive("A1"))
    assert await mail.parked() == {"A2": "waiting 0"}
    await mail.try_again()
    assert await mail.effects() == "A1 A2"


async def test_an_attempt_is_counted_before_it_is_run(mail: Mail) -> None:
    await mail.receive("A2")
    counted: list[dict[str, str]] = []

    async def look() -> None:
        counted.append(await mail.parked())

    mail.faults["A2"] = look
    await mail.receive("A1")
    assert counted == [{"A2": "retrying 1"}]


async def test_a_parked_event_that_ends_every_process_is_dead_without_a_ninth_run(mail: Mail) -> None:
    mail.faults["A2"] = raises(Killed())
    await mail.receive("A2")
    with pytest.raises(Killed):
        await mail.receive("A1")
    for attempt in range(2, MAX_ATTEMPTS + 1):
        assert await mail.parked() == {"A2": f"retrying {attempt - 1}"}, "an attempt was not counted"
        with pytest.raises(Killed):
            await mail.try_again()
    await mail.try_again()
    assert mail.runs.count("A2") == MAX_ATTEMPTS
    assert await mail.parked() == {"A2": "dead 8"}
    assert await mail.effects() == "A1"


async def test_a_parked_event_whose_run_was_killed_rests_before_it_is_tried_again(mail: Mail) -> None:
    mail.faults["A2"] = raises(Killed(), times=1)
    await mail.receive("A2")
    with pytest.raises(Killed):
        await mail.receive("A1")
    assert await mail.inbox().due() == [], "what has just killed a process is due at once"
    await mail.try_again()
    assert await mail.effects() == "A1 A2"


async def test_a_killed_run_of_a_batch_leaves_neither_effect_nor_cursor_nor_what_it_recorded(mail: Mail) -> None:
    mail.replies = True
    mail.faults["B1"] = raises(Killed(), times=1)
    with pytest.raises(Killed):
        await mail.receive("A1 B1")
    assert (await mail.effects(), await mail.cursors(), await mail.outgoing()) == ("", {}, {})
    await mail.receive("A1 B1")
    assert (await mail.effects(), list(await mail.outgoing())) == ("A1 B1", ["A1", "B1"])


async def test_a_commit_that_fails_after_an_event_was_recorded_leaves_neither(mail: Mail) -> None:
    mail.replies = True
    await unanswered(mail.receive("A1", UnsteadyDatabase(mail.database, fails=True)))
    assert (await mail.effects(), await mail.outgoing()) == ("", {}), "an event tells of what never happened"
