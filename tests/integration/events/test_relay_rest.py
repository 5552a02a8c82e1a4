"""A relay rests when there is nothing to do, is woken by a commit, and outlives what nobody foresaw."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

import pytest

from app import bell
from app import relay as relays
from app.calm import Calm
from app.database import PsycopgPool
from app.relay import LOOK_EVERY_S, Relay
from modules.kernel.events import NewEvent, Progress
from tests.integration.events.letters import Noted, subject
from tests.integration.events.mail import Mail
from tests.integration.events.sending import PATIENCE_S, Sender, Word, both, lease_runs_out, stopped
from tests.support.interleaving import Gate

HANG_UP = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'LISTEN%'
"""


def dsn_of(mail: Mail) -> str:
    pool = mail.database.pool
    assert isinstance(pool, PsycopgPool)
    return pool.dsn


class Counted(Relay):
    """A relay that counts its turns."""

    turns = 0

    async def turn(self) -> float:
        self.turns += 1
        return await super().turn()


async def test_a_standby_that_is_woken_again_and_again_turns_once_for_each(mail: Mail) -> None:
    await Sender(mail).turn()
    mail.make_relay = Counted
    standby = Sender(mail)
    await standby.turn()
    task = mail.begin(standby.relay.run())
    for _ in range(5):
        standby.outbox.woken()
        await asyncio.sleep(0)
    await stopped(task)
    assert isinstance(standby.relay, Counted)
    assert standby.relay.turns < 10, "a standby relay turned without rest"


async def test_a_relay_with_nothing_to_do_looks_soon_for_what_other_processes_have_recorded(mail: Mail) -> None:
    sender = Sender(mail)
    assert 0 < await sender.turn() <= LOOK_EVERY_S, "what others record waits until somebody wakes the relay"
    await mail.record("A1")  # through an outbox that wakes nobody
    await sender.turn()
    assert sender.bus.published == ["A1"]


async def test_a_relay_at_rest_hears_of_what_another_process_has_recorded(mail: Mail) -> None:
    active, standby = Sender(mail), Sender(mail)
    await active.turn()
    await standby.turn()
    listening = mail.begin(bell.listening(dsn_of(mail), active.relay.heard))
    resting = mail.begin(active.relay._rest(60))
    async with asyncio.timeout(10):
        await resting  # it is heard once when somebody begins to listen
    await active.turn()
    resting = mail.begin(active.relay._rest(60))
    await asyncio.sleep(0)
    async with mail.database.transaction() as transaction:
        await standby.outbox.record(transaction, [NewEvent(subject("A"), 1, Noted("A1"))])
    await standby.turn()
    await asyncio.wait([resting], timeout=5)
    assert resting.done(), "who has the lease does not hear of what others record"
    await stopped(listening)


async def test_who_stands_by_rings_once_for_all_that_was_recorded_and_never_for_a_ring(mail: Mail) -> None:
    active, standby = Sender(mail), Sender(mail)
    await active.turn()
    await standby.turn()
    rings: list[None] = []
    standby.outbox.ring = lambda: _noted(rings)  # type: ignore[method-assign]
    for _ in range(3):
        standby.outbox.woken()
    await standby.turn()
    standby.relay.heard()
    await standby.turn()
    assert rings == [None], "a bell was rung for a ring, or more than once"


async def _noted(rings: list[None]) -> None:
    rings.append(None)


async def test_a_bell_whose_database_was_restarted_is_hung_up_again(
    mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bell, "HANGS_AGAIN_AFTER_S", 0.0)
    heard: list[None] = []
    listening = mail.begin(bell.listening(dsn_of(mail), lambda: heard.append(None)))
    async with asyncio.timeout(10):
        while not heard:
            await mail.rows("SELECT 1")
        await mail.rows(HANG_UP)
        while len(heard) < 2:
            await mail.rows("SELECT 1")
        await mail.outbox().ring()
        while len(heard) < 3:
            await mail.rows("SELECT 1")
    await stopped(listening)


async def test_a_relay_at_rest_is_woken_by_a_commit(mail: Mail) -> None:
    sender = Sender(mail)
    resting = mail.begin(sender.relay._rest(60))
    await asyncio.sleep(0)
    async with mail.database.transaction() as transaction:
        await sender.outbox.record(transaction, [NewEvent(subject("A"), 1, Noted("A1"))])
        assert not resting.done()
    async with asyncio.timeout(10):
        await resting


class Halted(Word):
    """A subscriber that keeps whoever asks it waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        await self.gate.passed()
        return await super().progress(source, subjects)


async def test_a_subscriber_that_keeps_the_relay_waiting_for_its_word_keeps_no_event_waiting(mail: Mail) -> None:
    halted = Halted()
    sender = Sender(mail, subscribers=[halted])
    task = mail.begin(sender.relay.run())
    await mail.record("A1")
    await halted.gate.reached()
    await mail.record("B1")
    try:
        async with asyncio.timeout(PATIENCE_S):
            while "B1" not in sender.bus.published:
                await mail.rows("SELECT 1")
    except TimeoutError:
        raise AssertionError("an event waited for another's subscriber") from None
    await stopped(task)


class Bewildered(Relay):
    """A relay that meets what nobody foresaw, once."""

    turns = 0

    async def turn(self) -> float:
        self.turns += 1
        if self.turns == 1:
            raise RuntimeError("nobody foresaw this")
        return await super().turn()


async def test_a_relay_outlives_what_nobody_foresaw(mail: Mail) -> None:
    mail.make_relay = Bewildered
    sender = Sender(mail)
    task = mail.begin(sender.relay.run())
    await mail.record("A1")
    async with asyncio.timeout(10):
        while not sender.bus.published:
            sender.outbox.woken()
            await mail.rows("SELECT 1")
    await stopped(task)
    assert sender.bus.published == ["A1"]


async def test_a_process_that_is_stopped_at_whatever_step_stops_and_leaves_its_events_for_the_next(mail: Mail) -> None:
    for step in range(60):
        await mail.record(f"A{step + 1}")
        sender = Sender(mail)
        running = [mail.begin(sender.relay.run()), mail.begin(sender.consumer.run())]
        for _ in range(step % 12):
            await mail.rows("SELECT 1")
        for _ in range(step // 12):
            await asyncio.sleep(0)
        for task in running:
            await stopped(task)
    await lease_runs_out(mail)
    after = Sender(mail)
    while set((await mail.outgoing()).values()) != {"settled"}:
        await after.send()
    assert (await mail.effects()).split() == [f"A{number}" for number in range(1, 61)]


class Unrest(Calm):
    """Something is going on until the gate opens."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = Gate()

    async def come(self) -> None:
        await self.gate.passed()


async def asked_in_unrest(mail: Mail, events: str) -> int:
    """How often a subscriber is asked about these while something is going on."""
    await mail.record(events)
    word, unrest = Word(), Unrest()
    sender = Sender(mail, subscribers=[word])
    await sender.relay.turn()
    sender.relay._calm = unrest
    asking = mail.begin(both(sender.relay))
    await asyncio.wait([asking, mail.begin(unrest.gate.reached())], return_when=asyncio.FIRST_COMPLETED)
    asked = word.asked
    unrest.gate.open()
    await asking
    assert word.asked == 1
    return asked


async def test_a_few_questions_wait_while_something_is_going_on(mail: Mail) -> None:
    assert await asked_in_unrest(mail, "A1") == 0, "it was asked while it was at work"


async def test_many_questions_do_not_wait(mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "MANY", 2)
    assert await asked_in_unrest(mail, "A1 B1") == 1
