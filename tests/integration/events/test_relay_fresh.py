"""What is recorded in the relay's own process it publishes without reading it: soon, once, and past nobody else."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import pytest

from app import relay as relays
from modules.kernel import outbox as outboxes
from modules.kernel.errors import Unavailable
from modules.kernel.events import Event, written
from modules.kernel.outbox import Outbox, Place
from tests.integration.events.letters import news, subject
from tests.integration.events.mail import Mail
from tests.integration.events.sending import PATIENCE_S, Sender, lease_runs_out, pause_is_over, stopped
from tests.support.interleaving import UnsteadyDatabase
from tests.support.statements import traffic

Meanwhile = Callable[[], Awaitable[None]]


async def awake(mail: Mail, *, refuses: str = "", loses: str = "") -> Sender:
    """A sender that has the lease and has looked into the outbox."""
    sender = Sender(mail, refuses=refuses, loses=loses)
    await sender.turn()
    sender.bus.published.clear()
    return sender


async def turned(sender: Sender) -> list[str]:
    """What one turn publishes."""
    before = len(sender.bus.published)
    await sender.relay.turn()
    return sender.bus.published[before:]


async def test_what_is_recorded_here_goes_out_without_a_statement(mail: Mail) -> None:
    sender = await awake(mail)
    await sender.record("A1 B1")
    with traffic(mail.database, outboxes) as seen:
        assert await turned(sender) == ["A1", "B1"]
    assert seen.statements == [], "it was read, or marked, before it went out"


async def test_it_is_published_as_it_would_be_taken(mail: Mail) -> None:
    sender = await awake(mail)
    offered: list[Event] = []
    sender.outbox.offer = offered.extend
    await sender.record("A1 A2")
    taken = await sender.outbox.take(10)
    assert taken == offered, "published twice, it would not be the same event"
    assert [written(event) for event in taken] == [written(event) for event in offered]


async def test_it_is_written_down_before_anybody_looks_and_goes_out_once(mail: Mail) -> None:
    sender = await awake(mail)
    await sender.record("A1")
    assert await turned(sender) == ["A1"]
    assert await turned(sender) == [], "published twice"
    assert await mail.outgoing() == {"A1": "published"}


async def test_it_is_said_to_be_published_when_it_was(mail: Mail) -> None:
    sender = await awake(mail)
    await sender.record("A1")
    await turned(sender)
    (event, place), *_ = sender.relay._unwritten.items()
    sender.relay._unwritten[event] = Place(place.stream_id, place.since - 60)
    await turned(sender)
    (row,) = await mail.rows("SELECT extract(epoch FROM clock_timestamp() - published_at) AS ago_s FROM outbox")
    assert 60 <= row.ago_s < 70


async def test_what_never_happened_is_not_published(mail: Mail) -> None:
    sender = await awake(mail)
    with pytest.raises(Unavailable):
        async with UnsteadyDatabase(mail.database, fails=True).transaction() as transaction:
            await sender.outbox.record(transaction, news("A1"))
    sender.outbox.woken()
    assert await turned(sender) == [], "an event tells of what never happened"


async def test_it_overtakes_nobody_who_has_been_waiting(mail: Mail) -> None:
    sender = await awake(mail)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(relays, "BATCH", 2)
        await mail.record("A1 B1 C1")
        assert await turned(sender) == ["A1", "B1"]
    await sender.record("C2")
    assert await turned(sender) == ["C1", "C2"], "it went out before what it follows"


async def test_more_at_once_than_a_batch_is_left_to_the_outbox(mail: Mail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relays, "BATCH", 2)
    sender = await awake(mail)
    await sender.record("A1 B1 C1")
    assert await turned(sender) == ["A1", "B1"]
    assert await turned(sender) == ["C1"], "an event was lost"


async def test_what_another_process_records_is_looked_for_however_much_is_recorded_here(mail: Mail) -> None:
    sender = await awake(mail)
    await mail.record("A1")
    await sender.record("B1")
    sender.relay.heard()
    assert await turned(sender) == ["A1", "B1"], "what others record waits behind what is recorded here"
    await mail.record("C1")  # and nobody rings
    await sender.record("D1")
    sender.relay._look_at = 0.0
    assert await turned(sender) == ["C1", "D1"], "what others record waits behind what is recorded here"


async def test_what_the_bus_does_not_take_is_not_overtaken_by_what_follows_it(mail: Mail) -> None:
    sender = await awake(mail, refuses="A1")
    await sender.record("A1")
    assert await turned(sender) == ["A1"]
    sender.bus._refuses.clear()
    await sender.record("A2")
    assert await turned(sender) == ["A1", "A2"], "it went out before what it follows"


class Interrupted(Outbox):
    """An outbox in which something happens just before it is looked into, or just after."""

    before: Meanwhile | None = None
    after: Meanwhile | None = None

    async def take(self, limit: int) -> Sequence[Event]:
        before, self.before = self.before, None
        if before is not None:
            await before()
        taken = await super().take(limit)
        after, self.after = self.after, None
        if after is not None:
            await after()
        return taken


async def interrupted(mail: Mail, when: str) -> list[str]:
    """What is published where B1 is recorded at that moment of a look that is for A1."""
    mail.make_outbox = Interrupted
    sender = await awake(mail)
    await mail.record("A1")
    setattr(sender.outbox, when, lambda: sender.record("B1"))
    await turned(sender)
    await turned(sender)
    return sender.bus.published


async def test_what_is_recorded_just_before_the_outbox_is_read_goes_out_once(mail: Mail) -> None:
    assert await interrupted(mail, "before") == ["A1", "B1"], "published twice"


async def test_what_is_recorded_just_after_the_outbox_was_read_goes_out_once(mail: Mail) -> None:
    assert await interrupted(mail, "after") == ["A1", "B1"], "an event was lost"


async def test_who_is_stopped_writes_down_what_is_published(mail: Mail) -> None:
    sender = await awake(mail)
    await sender.record("A1")
    task = mail.begin(sender.relay.run())
    async with asyncio.timeout(PATIENCE_S):
        while not sender.bus.published:
            await mail.rows("SELECT 1")
    await stopped(task)
    assert await mail.outgoing() == {"A1": "published"}, "who comes after publishes it once more"


async def test_who_dies_before_it_is_written_down_leaves_it_to_the_next(mail: Mail) -> None:
    sender = await awake(mail)
    await sender.record("A1")
    await turned(sender)
    await sender.deliver()
    await lease_runs_out(mail)
    after = Sender(mail)
    await after.send()
    assert (after.bus.published, await mail.effects()) == (["A1"], "A1")
    assert await mail.outgoing() == {"A1": "settled"}


async def test_who_has_lost_its_lease_publishes_nothing_of_what_is_recorded_here(mail: Mail) -> None:
    sender = await awake(mail)
    await sender.record("A1")
    await lease_runs_out(mail)
    other = Sender(mail)
    await other.turn()
    sender.relay._renew_at = 0.0
    assert await turned(sender) == [], "two relays work at once"
    await sender.record("B1")
    assert len(sender.relay._fresh) == 0, "what nobody will publish here is kept in memory"
    assert other.bus.published == ["A1"]
    await other.send()


async def test_what_is_told_again_before_it_is_written_down_is_settled_on_no_other_word(mail: Mail) -> None:
    sender = await awake(mail, loses="A1")
    await sender.record("A1")
    await turned(sender)
    async with mail.database.transaction() as transaction:
        await sender.outbox.tell_again(transaction, [subject("A")])
    await sender.send()
    assert set((await mail.outgoing()).values()) != {"settled"}, "settled, and nobody has handled it"
    sender.bus._loses.clear()
    await pause_is_over(mail)
    await sender.send()
    await sender.send()
    assert (await mail.effects(), await mail.outgoing()) == ("A1", {"A1": "settled"})


async def test_what_went_out_on_a_bus_that_is_gone_goes_out_on_the_next(mail: Mail) -> None:
    sender = await awake(mail)
    await sender.record("A1")
    await turned(sender)
    sender.relay._identity, sender.relay._identified = "the bus before", False
    assert await turned(sender) == ["A1"], "what the last bus held was lost"
