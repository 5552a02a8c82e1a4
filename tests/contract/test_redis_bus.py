"""What can happen to a stream: it is emptied, forgets, holds rubbish, is trimmed."""

from collections.abc import Sequence
from typing import Any

import orjson
import pytest

from app.bus.redis import RedisBus
from app.bus.redis.connection import FIELD
from app.bus.redis.consumer import DEAD_FROM
from modules.kernel.errors import Unavailable
from modules.kernel.events import Event, cloud_event
from modules.kernel.inbox import Inbox
from tests.contract.redis_world import RedisWorld
from tests.integration.events.letters import SOURCE, event, events
from tests.integration.events.sending import Word, handled, pause_is_over

MANY = " ".join(f"A{number}" for number in range(1, 251))


async def test_an_entry_is_a_cloudevents_document_that_a_foreign_reader_understands(world: RedisWorld) -> None:
    one = event("A1")
    (place,) = await world.bus.publish([one])
    ((found, fields),) = await world.redis.xrange("waybill:sales")
    assert (found.decode(), set(fields)) == (place, {b"cloudevent"})
    assert orjson.loads(fields[b"cloudevent"]) == cloud_event(one)


async def test_an_event_that_redis_refuses_has_no_place_and_the_others_have(world: RedisWorld) -> None:
    await world.redis.set("waybill:product", "no stream")
    good, refused = event("A1"), event("B1", source="/waybill/product")
    places = await world.bus.publish([refused, good])
    assert [place is None for place in places] == [True, False], "what Redis refused has a place"
    with pytest.raises(Unavailable, match="WRONGTYPE"):
        await world.bus.publish([refused])


async def test_a_redis_that_was_emptied_is_another_bus_and_what_it_held_is_published_again(world: RedisWorld) -> None:
    await world.mail.record("A1 B1")
    relay = world.relay()
    await world.turn(relay)
    before = await world.bus.identify()
    await world.redis.flushdb()
    await world.turn(relay)
    assert await world.length() == 2, "what the emptied Redis held was lost"
    assert await world.bus.identify() != before
    world.run(world.consumer())
    await handled(world.mail, "A1 B1")
    await world.turn(relay)
    assert set((await world.mail.outgoing()).values()) == {"settled"}


async def test_two_who_ask_which_bus_it_is_are_told_the_same(world: RedisWorld) -> None:
    other = world.depot.bus()
    told = [await bus.identify() for bus in (world.bus, other, world.bus)]
    assert len(set(told)) == 1, "one Redis has two names"


async def test_what_a_redis_without_its_last_second_has_lost_is_published_again(world: RedisWorld) -> None:
    relay, consumer = world.relay(), world.consumer()
    await consumer.make_groups()
    await world.mail.record("A1")
    await world.turn(relay)
    await consumer.turn()
    a_second_ago = await world.redis.dump(world.depot.stream)
    await world.mail.record("B1")
    await world.turn(relay)
    await world.redis.restore(world.depot.stream, 0, a_second_ago, replace=True)
    await pause_is_over(world.mail)
    await world.turn(relay)
    assert await world.mail.outgoing() == {"A1": "settled", "B1": "recorded"}, "an event that was lost is settled"
    await world.turn(relay)
    await consumer.turn()
    await world.turn(relay)
    assert await world.mail.effects() == "A1 B1"
    assert await world.mail.outgoing() == {"A1": "settled", "B1": "settled"}


async def test_a_group_that_was_destroyed_is_made_anew_by_who_reads(world: RedisWorld) -> None:
    world.run(world.consumer())
    await world.bus.publish(events("A1"))
    await handled(world.mail, "A1")
    await world.redis.xgroup_destroy(world.depot.stream, "sales")
    await world.bus.publish(events("B1"))
    await handled(world.mail, "A1 B1")
    await world.redis.delete(world.depot.stream)
    await world.bus.publish(events("C1"))
    await handled(world.mail, "A1 B1 C1")


async def test_what_is_not_settled_is_in_the_stream_for_a_group_that_was_lost_however_long_its_pause(
    world: RedisWorld,
) -> None:
    relay, dies, other = world.relay(), world.consumer(), world.consumer()
    await dies.make_groups()
    await world.mail.record("A1 B1")
    await world.turn(relay)
    await dies._read()
    await world.mail.do("UPDATE outbox SET publications = 12")  # ten minutes
    await world.redis.xgroup_destroy(world.depot.stream, "sales")
    await other.make_groups()
    await world.turn(relay)
    await other.turn()
    assert await world.mail.effects() == "A1 B1"
    await world.turn(relay)
    assert set((await world.mail.outgoing()).values()) == {"settled"}


def rubbish() -> list[dict[bytes, bytes]]:
    def document(**members: Any) -> dict[bytes, bytes]:
        return {FIELD: orjson.dumps({**cloud_event(event("Z1")), **members})}

    return [
        {b"something": b"else"},
        {FIELD: b""},
        {FIELD: b"\xff\x00 no json"},
        {FIELD: b"[]"},
        {FIELD: b"7"},
        document(subject=None),
        document(sequence="2147483648"),
        document(sequence="0"),
        document(source="/waybill/delivery"),
        document(data="text"),
    ]


async def test_rubbish_is_acknowledged_and_stops_nobody(world: RedisWorld) -> None:
    await world.subscribed("A1")
    for fields in rubbish():
        await world.redis.xadd(world.depot.stream, fields)
    await world.bus.publish(events("B1"))
    consumer = world.consumer()
    await consumer.turn()
    assert await world.mail.effects() == "A1 B1"
    assert (await world.mail.parked(), await world.hands()) == ({}, []), "rubbish is in hand for ever"
    assert await consumer.inbox.at_end(SOURCE)


class Bewildered(Inbox):
    """An inbox that Z1 bewilders, whatever is to be done with it."""

    async def handle(self, events: Sequence[Event]) -> None:
        if any(event.data["note"] == "Z1" for event in events):
            raise RuntimeError("nobody foresaw this")
        await super().handle(events)

    async def give_up(self, event: Event, attempts: int, reason: str) -> None:
        raise RuntimeError(f"nor this: {event.id} {attempts} {reason}")


async def test_what_nobody_foresaw_about_an_event_keeps_no_other_waiting_and_is_passed_over_in_the_end(
    world: RedisWorld,
) -> None:
    world.mail.make_inbox = Bewildered
    await world.subscribed("A1 Z1 B1")
    consumer = world.consumer()
    await consumer.turn()
    assert await world.mail.effects() == "A1 B1"
    for deliveries in range(1, DEAD_FROM):
        assert await world.hands() == [(consumer.name, deliveries)]
        await world.depot.time_passes()
        await consumer._look()
    assert await world.hands() == []


async def test_a_group_is_at_the_end_when_it_was_given_everything_and_is_done_with_it(world: RedisWorld) -> None:
    consumer = world.consumer()
    at_end = consumer.inbox.at_end
    assert await at_end(SOURCE), "there is no stream"
    await world.bus.publish(events("A1"))
    assert not await at_end(SOURCE), "there is no group yet"
    await consumer.make_groups()
    assert not await at_end(SOURCE), "nothing was read yet"
    entries = await consumer._read()
    assert not await at_end(SOURCE), "what was read is still being handled"
    await consumer._done(entries)
    assert await at_end(SOURCE)
    await world.redis.xtrim(world.depot.stream, maxlen=0)
    assert await at_end(SOURCE), "the stream was trimmed"
    assert not await at_end("/waybill/nobody")


async def test_only_what_every_subscriber_has_handled_is_trimmed(world: RedisWorld) -> None:
    word = Word(at_end=False)
    relay = world.relay(word.progress)
    await world.mail.record("Z1")
    await world.mail.record(MANY)
    await world.turn(relay)
    word.has_handled("A250")
    await world.turn(relay)
    await world.turn(relay)
    assert await world.length() == 251, "an event that is not settled was trimmed"
    word.has_handled("Z1")
    await world.turn(relay)
    await world.turn(relay)
    assert 0 < await world.length() < 251
    await world.mail.do("UPDATE outbox SET state = 'recorded'")  # nobody has handled anything, and the check knows


def test_a_redis_bus_keeps_what_it_is_given_until_it_is_trimmed() -> None:
    assert RedisBus.keeps
