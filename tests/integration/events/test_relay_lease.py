"""One relay at a time. A lease that runs out costs a pause or a duplicate, never an event."""

import asyncio
from datetime import timedelta

from app.relay import STANDBY_S
from modules.kernel import outbox as outboxes
from modules.kernel.database import rows_json, sql
from modules.kernel.outbox import Place
from tests.integration.events.mail import Mail
from tests.integration.events.sending import Sender, lease_runs_out, stopped
from tests.support.interleaving import Gate

TTL = timedelta(seconds=30)
LOCK_LEASE = sql("LOCK TABLE relay_lease IN EXCLUSIVE MODE")


async def test_while_one_relay_works_the_others_stand_by(mail: Mail) -> None:
    active, standby = Sender(mail), Sender(mail)
    await mail.record("A1")
    await active.turn()
    await mail.record("A2")
    assert await standby.turn() == STANDBY_S, "two relays work at once"
    assert (active.bus.published, standby.bus.published) == (["A1"], [])


async def test_of_relays_that_start_together_one_gets_the_lease(mail: Mail) -> None:
    async with mail.database.transaction() as transaction:
        await transaction.execute(LOCK_LEASE)
        asking = [mail.begin(mail.outbox().lease(holder, TTL)) for holder in "abc"]
        await mail.waits()
    tokens = await asyncio.gather(*asking)
    assert sorted(tokens, key=str) == [1, None, None]


async def test_renewing_keeps_the_token_and_another_holder_raises_it(mail: Mail) -> None:
    outbox = mail.outbox()
    assert [await outbox.lease("a", TTL) for _ in range(2)] == [1, 1]
    await lease_runs_out(mail)
    assert await outbox.lease("a", TTL) == 1
    await lease_runs_out(mail)
    assert (await outbox.lease("b", TTL), await outbox.lease("a", TTL)) == (2, None)


async def test_a_standby_takes_over_when_the_lease_has_run_out(mail: Mail) -> None:
    gone, standby = Sender(mail), Sender(mail)
    await gone.turn()
    await mail.record("A1")
    await standby.turn()
    await lease_runs_out(mail)
    standby.relay._renew_at = 0.0
    await standby.send()
    assert (await mail.effects(), await mail.outgoing()) == ("A1", {"A1": "settled"}), "nobody publishes any more"


async def test_a_standby_takes_over_at_once_when_the_lease_is_given_back(mail: Mail) -> None:
    leaving, standby = Sender(mail), Sender(mail)
    await leaving.turn()
    task = mail.begin(leaving.relay.run())
    await asyncio.sleep(0)
    await stopped(task)
    await mail.record("A1")
    await standby.send()
    assert await mail.outgoing() == {"A1": "settled"}, "who left keeps the lease"


async def test_what_a_relay_published_after_its_lease_had_passed_on_is_not_marked_by_it(mail: Mail) -> None:
    await mail.record("A1")
    gate = Gate()
    stale, active = Sender(mail, before=gate.passed), Sender(mail, refuses="A1")
    publishing = mail.begin(stale.turn())
    await gate.reached()
    await lease_runs_out(mail)
    await active.turn()
    gate.open()
    await publishing
    assert await mail.outgoing() == {"A1": "recorded"}, "a stale relay wrote"


async def test_a_relay_that_finds_its_lease_gone_publishes_nothing_more(mail: Mail) -> None:
    await mail.record("A1")
    gate = Gate()
    stale = Sender(mail, before=gate.passed)
    publishing = mail.begin(stale.relay.turn())
    await gate.reached()
    await lease_runs_out(mail)
    await mail.outbox().lease("another", TTL)
    gate.open()
    await publishing
    await stale.relay.turn()
    assert stale.bus.published == ["A1"], "a stale relay went on"
    assert await stale.relay.turn() == STANDBY_S, "a stale relay went on"


async def test_what_two_relays_published_takes_effect_once(mail: Mail) -> None:
    await mail.record("A1 B1")
    gate = Gate()
    stale, active = Sender(mail, before=gate.passed), Sender(mail)
    publishing = mail.begin(stale.turn())
    await gate.reached()
    await lease_runs_out(mail)
    await active.send()
    gate.open()
    await publishing
    await stale.deliver()
    assert await mail.effects() == "A1 B1"


async def test_with_a_token_that_has_passed_on_no_write_does_anything(mail: Mail) -> None:
    await mail.record("A1 B1 C1")
    await Sender(mail, loses="A1 B1 C1").turn()
    await mail.do("UPDATE outbox SET state = 'recorded' WHERE id = (SELECT min(id) FROM outbox)")
    await mail.do(
        "UPDATE outbox SET state = 'settled', settled_at = '2020-01-01' WHERE id = (SELECT max(id) FROM outbox)"
    )
    events = [row.event_id for row in await mail.rows("SELECT event_id FROM outbox ORDER BY id")]
    before = await mail.outgoing()
    outbox, stale = mail.outbox(), 77
    assert await outbox.mark_published(stale, "bus", {events[0]: Place("1", 0.0)}) == 0, "a stale relay published"
    assert await outbox.mark_checked(stale, {events[1]: "settled"}) == 0, "a stale relay settled"
    assert await outbox.forget_other_buses(stale, "another bus") == 0, "a stale relay took its bus for the present one"
    assert await outbox.prune(stale, timedelta()) == 0, "a stale relay pruned"
    await outbox.end_lease(stale)
    assert await mail.outgoing() == before
    assert await outbox.lease("another", TTL) is None, "a stale relay gave back another's lease"
    await mail.do("UPDATE outbox SET state = 'recorded'")  # nobody has handled anything, and the check knows


async def test_a_lease_passes_on_only_when_a_write_under_it_has_ended(mail: Mail) -> None:
    await mail.record("A1")
    outbox = mail.outbox()
    token = await outbox.lease("a", TTL)
    await lease_runs_out(mail)
    async with mail.database.transaction() as writing:
        rows = rows_json([{"event_id": event.id, "stream_id": "1", "age_s": 0} for event in await outbox.take(1)])
        assert await writing.execute(outboxes.PUBLISHED, rows=rows, bus="a", token=token) == 1
        taking = mail.begin(outbox.lease("b", TTL))
        await mail.waits(unless=taking)
        assert not taking.done(), "the lease passed on in the middle of a write"
    assert await taking == 2
