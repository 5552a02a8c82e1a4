"""The bus may refuse, lose or forget, and be another one tomorrow: what is in the outbox is not lost."""

import asyncio

import pytest

from app.bus import InProcessBus
from app.relay import BUS_REST_S, Relay
from modules.kernel.database import sql
from modules.kernel.errors import NotReached, Unavailable
from tests.integration.events.letters import Killed, events, raises
from tests.integration.events.mail import Mail
from tests.integration.events.sending import WEEK, Sender, Word, both, lease_runs_out, pause_is_over, stopped
from tests.support.interleaving import Gate


async def restarted(mail: Mail, loses: str = "") -> Sender:
    """A process that takes over from one that has ended; it has a bus of its own."""
    await lease_runs_out(mail)
    return Sender(mail, loses=loses)


async def test_what_the_bus_does_not_take_stays_recorded_and_goes_out_with_the_next_turn(mail: Mail) -> None:
    await mail.record("A1 B1 C1")
    sender = Sender(mail, refuses="B1")
    await sender.turn()
    states = {"A1": "published", "B1": "recorded", "C1": "published"}
    assert await mail.outgoing() == states, "what the bus did not take counts as published"
    sender.bus._refuses.clear()
    await sender.turn()
    assert sender.bus.published == ["A1", "B1", "C1", "B1"]


async def test_a_bus_that_gives_no_answer_leaves_everything_recorded(mail: Mail) -> None:
    await mail.record("A1 B1")
    sender = Sender(mail, before=raises(NotReached("away")))
    with pytest.raises(Unavailable):
        await sender.turn()
    assert await mail.outgoing() == {"A1": "recorded", "B1": "recorded"}
    await sender.send()
    assert await mail.outgoing() == {"A1": "settled", "B1": "settled"}


async def test_a_bus_that_is_away_is_left_alone_for_half_a_second_however_often_the_relay_is_woken(mail: Mail) -> None:
    await mail.record("A1")
    sender = Sender(mail, before=raises(NotReached("away")))
    with pytest.raises(Unavailable):
        await sender.relay.turn()
    assert await sender.relay.turn() > 0, "a bus that is away was tried again at once"
    assert await mail.outgoing() == {"A1": "recorded"}
    sender.relay._bus_at -= BUS_REST_S
    await sender.turn()
    assert await mail.outgoing() == {"A1": "published"}


class Replaced(InProcessBus):
    """A bus that is emptied while its relay works."""

    name = "one"

    async def identify(self) -> str:
        return self.name


async def test_a_bus_that_was_replaced_is_seen_when_the_lease_is_renewed(mail: Mail) -> None:
    await mail.record("A1")
    bus, word = Replaced([]), Word(at_end=False)
    relay = Relay(mail.outbox(), bus, [word.progress], retention=WEEK)
    await both(relay)
    bus.name = "another"
    await both(relay)
    (row,) = await mail.rows("SELECT bus FROM outbox")
    assert row.bus == "one", "it was asked more often than it needs"
    relay._renew_at = 0.0
    await both(relay)
    (row,) = await mail.rows("SELECT bus, state FROM outbox")
    assert (row.bus, row.state) == ("another", "published"), "what the emptied bus held was lost"


async def test_a_relay_killed_after_the_bus_took_its_events_publishes_them_again_and_they_take_effect_once(
    mail: Mail,
) -> None:
    await mail.record("A1 B1")
    killed = Sender(mail)
    await killed.bus.publish(await killed.outbox.take(2))
    await killed.deliver()
    after = await restarted(mail)
    await after.send()
    assert after.bus.published == ["A1", "B1"]
    assert (await mail.effects(), mail.runs) == ("A1 B1", ["A1", "B1"])


async def test_after_a_restart_what_the_process_held_is_published_again_and_takes_effect_once(mail: Mail) -> None:
    await mail.record("A1 B1 C1")
    before = Sender(mail)
    await before.turn()
    await mail.receive("A1")
    after = await restarted(mail)
    await after.send()
    assert after.bus.published == ["A1", "B1", "C1"], "what the last process held was lost"
    assert await mail.effects() == "A1 B1 C1"
    assert set((await mail.outgoing()).values()) == {"settled"}


async def test_what_was_settled_on_another_bus_is_not_published_again(mail: Mail) -> None:
    await mail.record("A1")
    await Sender(mail).send()
    after = await restarted(mail)
    await after.send()
    assert after.bus.published == []


async def test_on_another_bus_pauses_begin_at_a_second_again(mail: Mail) -> None:
    await mail.record("A1")
    await Sender(mail, loses="A1").turn()
    await mail.do("UPDATE outbox SET publications = 12")
    await (await restarted(mail, loses="A1")).turn()
    (row,) = await mail.rows("SELECT publications FROM outbox")
    assert row.publications == 1, "what a new bus loses is waited for as long as on the old one"


async def test_a_relay_that_is_stopped_while_it_publishes_leaves_its_events_for_the_next(mail: Mail) -> None:
    await mail.record("A1 B1")
    gate = Gate()
    leaving = Sender(mail, before=gate.passed)
    task = mail.begin(leaving.relay.run())
    await gate.reached()
    await stopped(task)
    assert await mail.outgoing() == {"A1": "recorded", "B1": "recorded"}
    await Sender(mail).send()
    assert await mail.effects() == "A1 B1"


async def test_a_consumer_that_is_stopped_in_the_middle_of_a_batch_leaves_no_trace_and_its_events_come_again(
    mail: Mail,
) -> None:
    await mail.record("A1 B1 C1")
    mail.faults["B1"] = (gate := Gate()).passed
    leaving = Sender(mail)
    await leaving.turn()
    task = mail.begin(leaving.consumer.run())
    await gate.reached()
    await stopped(task)
    assert (await mail.effects(), await mail.cursors(), await mail.parked()) == ("", {}, {})
    mail.faults.clear()
    after = await restarted(mail)
    await after.send()
    assert await mail.effects() == "A1 B1 C1"


async def test_a_consumer_that_is_stopped_while_its_database_works_for_it_gives_its_connection_back(mail: Mail) -> None:
    await mail.record("A1")
    await mail.receive("B1")
    leaving = Sender(mail)
    await leaving.turn()
    async with mail.database.transaction() as somebody:
        await somebody.execute(sql("SELECT FROM inbox_cursor FOR UPDATE"))
        await leaving.bus.publish(events("B2"))
        task = mail.begin(leaving.consumer.run())
        await mail.waits()
        async with asyncio.timeout(5):
            await stopped(task)
        open_ = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in tr%'"
        assert len(await mail.rows(open_)) == 1, "the consumer's transaction is still open"
    assert await mail.effects() == "B1"
    await (await restarted(mail)).send()
    assert await mail.effects() == "B1 A1"


async def test_a_consumer_that_is_stopped_does_not_look_as_if_it_had_more_to_read(mail: Mail) -> None:
    await mail.record("A1")
    mail.faults["A1"] = (gate := Gate()).passed
    sender = Sender(mail)
    await sender.turn()
    task = mail.begin(sender.consumer.run())
    await gate.reached()
    await stopped(task)
    mail.faults.clear()
    await pause_is_over(mail)
    await sender.send()
    await sender.send()
    assert (await mail.effects(), await mail.outgoing()) == ("A1", {"A1": "settled"})


async def test_a_process_killed_while_it_takes_up_what_was_parked_leaves_the_rest_for_the_next(mail: Mail) -> None:
    await mail.record("A2 A3")
    before = Sender(mail)
    await before.send()
    await mail.record("A1")
    mail.faults["A3"] = raises(Killed(), times=1)
    await before.turn()
    with pytest.raises(Killed):
        await before.deliver()
    assert await mail.effects() == "A1 A2"
    after = await restarted(mail)
    await mail.do("UPDATE inbox_parked SET next_at = clock_timestamp()")
    await after.consumer.take_up()
    await after.send()
    assert await mail.effects() == "A1 A2 A3"
    assert set((await mail.outgoing()).values()) == {"settled"}
