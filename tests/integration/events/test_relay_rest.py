"""A relay rests when there is nothing to do, is woken by a commit, and outlives what nobody foresaw."""

import asyncio

from app.relay import LOOK_EVERY_S, Relay
from modules.kernel.events import NewEvent
from tests.integration.events.letters import Noted, subject
from tests.integration.events.mail import Mail
from tests.integration.events.sending import Sender, lease_runs_out, stopped


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


async def test_a_relay_at_rest_is_woken_by_a_commit(mail: Mail) -> None:
    sender = Sender(mail)
    resting = mail.begin(sender.relay._rest(60))
    await asyncio.sleep(0)
    async with mail.database.transaction() as transaction:
        await sender.outbox.record(transaction, [NewEvent(subject("A"), 1, Noted("A1"))])
        assert not resting.done()
    async with asyncio.timeout(10):
        await resting


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
