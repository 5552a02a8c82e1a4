"""A group over Redis: what one consumer has in hand, another takes over when it must, and not before."""

import asyncio

from app.bus.redis.consumer import BATCH, DEAD_FROM, RENEW_EVERY_S
from app.bus.redis.group import LEFT
from app.bus.redis.lag import groups_of
from app.telemetry.metrics import CLAIMED
from modules.kernel.adoption import Adoption
from modules.kernel.errors import NotReached
from tests.contract.redis_world import RedisWorld, ended
from tests.integration.events.letters import SOURCE, Killed, events, raises
from tests.integration.events.sending import handled, stopped
from tests.integration.events.teller import Teller
from tests.support.interleaving import Gate


async def test_what_another_is_handling_is_not_taken_over(world: RedisWorld) -> None:
    world.mail.faults["A1"] = (gate := Gate()).passed
    await world.subscribed("A1")
    busy, other = world.consumer(), world.consumer()
    world.run(busy)
    await gate.reached()
    looking = world.mail.begin(other._look())
    await asyncio.wait([looking], timeout=2)
    assert await world.hands() == [(busy.name, 1)], "what is being handled was taken over"
    gate.open()
    await handled(world.mail, "A1")


async def test_what_takes_long_is_renewed_and_not_counted(world: RedisWorld) -> None:
    world.mail.faults["A1"] = (gate := Gate()).passed
    await world.subscribed("A1")
    busy, other = world.consumer(), world.consumer()
    world.run(busy)
    await gate.reached()
    await world.depot.time_passes()
    await asyncio.wait([world.mail.begin(renewed(world))], timeout=3 * RENEW_EVERY_S)
    looking = world.mail.begin(other._look())
    await asyncio.wait([looking], timeout=2)
    ((owner, deliveries),) = await world.hands()
    assert owner == busy.name, "what takes long was taken for abandoned"
    assert deliveries == 1, "what takes long was counted"
    gate.open()
    await handled(world.mail, "A1")


async def test_while_its_database_is_away_a_consumer_keeps_what_it_has_and_takes_no_more(world: RedisWorld) -> None:
    world.mail.faults["A1"] = raises(NotReached("away"))
    await world.subscribed("A1")
    waiting, killed, other = (world.consumer() for _ in range(3))
    world.run(waiting)
    async with asyncio.timeout(5):
        while world.mail.runs.count("A1") < 2:
            await world.mail.rows("SELECT 1")
    await world.bus.publish(events("B1"))
    await killed._read()
    await world.depot.time_passes()
    await asyncio.wait([world.mail.begin(renewed(world))], timeout=3 * RENEW_EVERY_S)
    hands = [(waiting.name, 1), (killed.name, 1)]
    assert await world.hands() == hands, "what has to wait for a database was let go"
    await other._look()
    assert await world.mail.effects() == "B1"
    assert await world.mail.parked() == {}
    world.mail.faults.clear()
    await handled(world.mail, "A1 B1")


async def renewed(world: RedisWorld) -> None:
    while (await world.depot.pending())[0]["time_since_delivered"] > 4000:
        pass


async def test_a_consumer_does_not_renew_what_another_has_taken_over(world: RedisWorld) -> None:
    await world.subscribed("A1")
    stalled, other = world.consumer(), world.consumer()
    (entry,) = await stalled._read()
    await world.depot.time_passes()
    await other._groups[0].claim([entry.id], idle_ms=5000, count=2)
    await stalled._groups[0].renew([entry.id])
    assert await world.hands() == [(other.name, 2)], "what another has taken over was taken back"


async def test_what_a_killed_consumer_had_in_hand_is_taken_over_when_it_is_abandoned(world: RedisWorld) -> None:
    world.mail.faults["B1"] = raises(Killed(), times=1)
    await world.subscribed("A1 B1")
    killed, other = world.consumer(), world.consumer()
    await ended(world.run(killed))
    await other._look()
    assert await world.hands() == [(killed.name, 1)] * 2, "acknowledged, and without effect"
    await world.depot.time_passes()
    await other._look()
    assert await world.mail.effects() == "A1 B1"
    assert await world.hands() == []


async def test_what_was_given_to_a_consumer_and_never_arrived_is_taken_up_by_itself(world: RedisWorld) -> None:
    await world.subscribed("A1 B1")
    consumer = world.consumer()
    await consumer._read()  # the answer is lost
    await world.depot.time_passes()
    await consumer._look()
    assert await world.mail.effects() == "A1 B1", "what never arrived is in hand for ever"


async def test_a_consumer_takes_no_more_at_once_than_it_can_handle_in_time(world: RedisWorld) -> None:
    await world.subscribed(" ".join(f"A{number}" for number in range(1, 2 * BATCH)))
    consumer = world.consumer()
    await consumer._read()
    assert len(await world.hands()) == BATCH, "it took more than it can handle before that looks abandoned"


async def test_a_group_that_is_new_is_given_what_was_in_the_stream_before_it(world: RedisWorld) -> None:
    await world.bus.publish(events("A1 B1"))
    consumer = world.consumer()
    await consumer.make_groups()
    await world.bus.publish(events("A2"))
    await consumer.turn()
    assert await world.mail.effects() == "A1 B1 A2", "what was there before the group was passed over"


async def test_a_consumer_reads_nothing_of_a_source_that_it_does_not_follow_yet(world: RedisWorld) -> None:
    world.mail.adoption = Adoption(world.mail.database, {SOURCE: Teller("A3").last_told})
    consumer = world.consumer()
    await world.bus.publish(events("A3 A4"))
    await consumer.make_groups()
    await consumer.turn()
    assert (await world.mail.effects(), await world.mail.parked()) == ("", {}), (
        "handled before it was known how far it is"
    )
    assert not await consumer.inbox.at_end(SOURCE)
    await consumer.beginning.run()
    await consumer.make_groups()
    await consumer.turn()
    assert (await world.mail.effects(), await world.mail.parked()) == ("A4", {})


async def test_an_event_that_kills_every_process_is_dead_and_its_neighbours_are_not_to_blame(
    world: RedisWorld,
) -> None:
    world.mail.faults["B1"] = raises(Killed())
    await world.subscribed("A1 B1 C1 D1")
    for _ in range(DEAD_FROM - 1):
        await ended(world.run(world.consumer()))
        await world.depot.time_passes()
    await world.done(unless=world.run(world.consumer()))
    assert await world.hands() == [], "an event kills processes for ever"
    assert await world.mail.parked() == {"B1": "dead 4"}, "a neighbour was blamed"
    assert await world.mail.effects() == "A1 C1 D1"
    assert world.mail.runs.count("B1") == DEAD_FROM - 1
    (row,) = await world.mail.rows("SELECT error FROM inbox_parked")
    assert row.error == "RuntimeError: 4 processes ended in the middle of it"


async def test_a_consumer_that_leaves_hands_over_what_it_has_at_once_and_gives_up_its_name(world: RedisWorld) -> None:
    world.mail.faults["B1"] = (gate := Gate()).passed
    await world.subscribed("A1 B1")
    leaving = world.run(world.consumer())
    await gate.reached()
    await stopped(leaving)
    assert await world.hands() == [(LEFT, 1)] * 2, "who left keeps what it had in hand"
    assert await world.depot.names() == {LEFT}
    world.mail.faults.clear()
    other = world.consumer()
    await other._look()
    assert (await world.mail.effects(), await world.hands()) == ("A1 B1", [])


async def test_however_often_an_event_is_handed_over_it_is_not_counted(world: RedisWorld) -> None:
    await world.subscribed("A1 B1")
    for _ in range(DEAD_FROM + 1):
        world.mail.faults["B1"] = (gate := Gate()).passed
        leaving = world.run(world.consumer())
        await gate.reached()
        await stopped(leaving)
    world.mail.faults.clear()
    world.run(world.consumer())
    await handled(world.mail, "A1 B1")
    assert await world.mail.parked() == {}


async def test_what_has_killed_before_is_handled_alone_and_counted_on_though_it_was_handed_over(
    world: RedisWorld,
) -> None:
    world.mail.faults["A1"] = raises(Killed())
    await world.subscribed("A1")
    for _ in range(2):
        await ended(world.run(world.consumer()))
        await world.depot.time_passes()
    world.mail.faults["A1"] = (gate := Gate()).passed
    leaving = world.run(world.consumer())
    await gate.reached()
    await stopped(leaving)
    assert await world.hands() == [(LEFT, 3)]
    world.mail.faults["A1"] = raises(Killed())
    last = world.consumer()
    await ended(world.run(last))
    assert await world.hands() == [(last.name, 3)], "what had killed was forgiven because it was handed over"


async def test_a_consumer_that_leaves_with_nothing_in_hand_leaves_no_name(world: RedisWorld) -> None:
    await world.subscribed("A1")
    running = world.run(world.consumer())
    await handled(world.mail, "A1")
    await world.done()
    await stopped(running)
    assert await world.depot.names() == set(), "a name is left of who is gone"


async def test_a_name_is_forgotten_when_it_has_nothing_in_hand_and_kept_while_it_has(world: RedisWorld) -> None:
    await world.subscribed("A1")
    holding, idle = world.consumer(), world.consumer()
    await idle.turn()
    await world.bus.publish(events("B1"))
    await holding._read()
    await idle._groups[0].tidy(idle_ms=60_000)
    assert idle.name in await world.depot.names(), "somebody who is there was forgotten"
    await idle._groups[0].tidy(idle_ms=0)
    assert await world.depot.names() == {holding.name}, "an entry went with its consumer's name"
    assert len(await world.hands()) == 1


async def test_how_far_a_group_is_is_told_as_redis_counts_it(world: RedisWorld) -> None:
    assert await groups_of(world.depot.url, [SOURCE]) == []
    await world.subscribed("A1 B1 C1")
    (begun,) = await groups_of(world.depot.url, [SOURCE, "/waybill/delivery"])
    assert (begun.length, begun.pending, begun.lag, begun.consumers) == (3, 0, 3, 0)
    killed = world.consumer()
    await killed._read()
    await world.bus.publish(events("D1"))
    (given,) = await groups_of(world.depot.url, [SOURCE])
    assert (given.length, given.pending, given.lag, given.consumers) == (4, 3, 1, 1)


async def test_what_is_taken_over_from_one_who_is_gone_is_counted_and_what_is_in_hands_is_pending(
    world: RedisWorld,
) -> None:
    claimed = CLAIMED.labels(world.mail.database.name)._value
    before = claimed.get()
    await world.subscribed("A1 B1")
    killed, other = world.consumer(), world.consumer()
    await killed._read()
    assert await other.pending() == 2
    await world.depot.time_passes()
    await other._look()
    assert (claimed.get() - before, await other.pending()) == (2, 0)
