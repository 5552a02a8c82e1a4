"""What keeps a group's entries in the right hands, and tells which event kills, taken away."""

from collections.abc import Awaitable, Callable, Sequence

import pytest

from app.bus.redis import RedisBus, RedisConsumer
from app.bus.redis import consumer as subscriber
from app.bus.redis.bus import IDENTITY
from app.bus.redis.connection import answered
from app.bus.redis.consumer import Entry
from app.bus.redis.group import Group, Pending
from modules.kernel.events import Event
from modules.kernel.ids import new_id
from tests.contract.redis_world import RedisWorld
from tests.contract.test_redis_bus import (
    test_a_group_that_was_destroyed_is_made_anew_by_who_reads,
    test_an_event_that_redis_refuses_has_no_place_and_the_others_have,
    test_rubbish_is_acknowledged_and_stops_nobody,
    test_two_who_ask_which_bus_it_is_are_told_the_same,
)
from tests.contract.test_redis_group import (
    test_a_consumer_does_not_renew_what_another_has_taken_over,
    test_a_consumer_takes_no_more_at_once_than_it_can_handle_in_time,
    test_a_group_that_is_new_is_given_what_was_in_the_stream_before_it,
    test_an_event_that_kills_every_process_is_dead_and_its_neighbours_are_not_to_blame,
    test_what_a_killed_consumer_had_in_hand_is_taken_over_when_it_is_abandoned,
    test_what_has_killed_before_is_handled_alone_and_counted_on_though_it_was_handed_over,
    test_what_takes_long_is_renewed_and_not_counted,
    test_what_was_given_to_a_consumer_and_never_arrived_is_taken_up_by_itself,
    test_while_its_database_is_away_a_consumer_keeps_what_it_has_and_takes_no_more,
)
from tests.integration.events import sending
from tests.sabotage.guards import Guard, guard

GROUP: list[Guard[RedisWorld]] = []

MANY = 10_000


@guard(
    GROUP,
    "P2",
    "a group begins with the first entry that there is",
    test=test_a_group_that_is_new_is_given_what_was_in_the_stream_before_it,
    red="what was there before the group was passed over",
)
async def begins_at_0(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """It begins with the next one."""

    async def make(group: Group) -> None:
        with answered():
            await group._redis.xgroup_create(group.stream, group._name, id="$", mkstream=True)

    patch.setattr(Group, "make", make)


@guard(
    GROUP,
    "P2",
    "a group that is gone is made anew",
    test=test_a_group_that_was_destroyed_is_made_anew_by_who_reads,
    red="waited for: A1",
)
async def made_anew(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """Whoever finds no group waits for somebody who makes it."""

    async def waits(_consumer: RedisConsumer) -> None: ...

    patch.setattr(RedisConsumer, "make_groups", waits)
    patch.setattr(sending, "PATIENCE_S", 0.5)


@guard(
    GROUP,
    "P6",
    "a Redis has the name that who asked first gave it (`NX`)",
    test=test_two_who_ask_which_bus_it_is_are_told_the_same,
    red="one Redis has two names",
)
async def one_name(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """Whoever asks names it anew: each relay takes what the others published for lost, and all goes out for ever."""

    async def names(bus: RedisBus) -> str:
        name = str(new_id())
        with answered():
            await bus._redis.set(IDENTITY, name)
        return f"redis:{name}"

    patch.setattr(RedisBus, "identify", names)


@guard(
    GROUP,
    "P2",
    "each of Redis' answers decides about its own event",
    test=test_an_event_that_redis_refuses_has_no_place_and_the_others_have,
    red="what Redis refused has a place",
)
async def each_answer(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """What was in the pipeline counts as appended."""
    publish = RedisBus.publish

    async def takes_some_for_all(bus: RedisBus, events: Sequence[Event]) -> Sequence[str | None]:
        return [place or "0-1" for place in await publish(bus, events)]

    patch.setattr(RedisBus, "publish", takes_some_for_all)


@guard(
    GROUP,
    "P2",
    "acknowledged when it took effect",
    test=test_what_a_killed_consumer_had_in_hand_is_taken_over_when_it_is_abandoned,
    red="acknowledged, and without effect",
)
async def effect_first(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """It is acknowledged as soon as it is given: what a process had in hand that was killed waits for its emitter."""
    handle = RedisConsumer._handle

    async def acknowledges_first(consumer: RedisConsumer, entries: Sequence[Entry]) -> None:
        await consumer._done(entries)
        await handle(consumer, entries)

    patch.setattr(RedisConsumer, "_handle", acknowledges_first)


@guard(
    GROUP,
    "P6",
    "what is no event of ours is acknowledged",
    test=test_rubbish_is_acknowledged_and_stops_nobody,
    red="rubbish is in hand for ever",
)
async def rubbish(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """Only what was handled is: no group ever reaches the end of its stream again."""
    done = RedisConsumer._done

    async def leaves_rubbish(consumer: RedisConsumer, entries: Sequence[Entry]) -> None:
        await done(consumer, [entry for entry in entries if entry.event is not None])

    patch.setattr(RedisConsumer, "_done", leaves_rubbish)


@guard(
    GROUP,
    "P6",
    "to renew is not to count (`JUSTID`)",
    test=test_what_takes_long_is_renewed_and_not_counted,
    red="what takes long was counted",
)
async def not_counted(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """Each renewal counts as another delivery: whatever takes five seconds is a dead letter."""

    async def counts(group: Group, consumer: bytes, ids: Sequence[bytes], *, idle_ms: int) -> None:
        with answered():
            await group._redis.xclaim(group.stream, group._name, consumer, 0, list(ids), idle=idle_ms)

    patch.setattr(Group, "_pass", counts)


@guard(
    GROUP,
    "P6",
    "nobody renews what is another's by now",
    test=test_a_consumer_does_not_renew_what_another_has_taken_over,
    red="what another has taken over was taken back",
)
async def only_ours(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """A consumer that stood still takes back what was taken over meanwhile."""

    async def renews_all(group: Group, ids: Sequence[bytes]) -> None:
        await group._pass(group._consumer, ids, idle_ms=0)

    patch.setattr(Group, "renew", renews_all)


@guard(
    GROUP,
    "P6",
    "a consumer waits for its database with what it has in hand",
    test=test_while_its_database_is_away_a_consumer_keeps_what_it_has_and_takes_no_more,
    red="what has to wait for a database was let go",
)
async def patience(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """It lets go what it can't handle and takes more: each comes again, is counted, and is dead in the end."""

    async def once(_consumer: RedisConsumer, work: Callable[[], Awaitable[None]]) -> None:
        await work()

    patch.setattr(RedisConsumer, "_patiently", once)


@guard(
    GROUP,
    "P6",
    "what was given to five is given up",
    test=test_an_event_that_kills_every_process_is_dead_and_its_neighbours_are_not_to_blame,
    red="an event kills processes for ever",
)
async def given_up(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """It is given to the next."""
    patch.setattr(subscriber, "DEAD_FROM", MANY)


@guard(
    GROUP,
    "P6",
    "what has killed before is handled alone, and counted on",
    test=test_what_has_killed_before_is_handled_alone_and_counted_on_though_it_was_handed_over,
    red="what had killed was forgiven because it was handed over",
)
async def never_forgiven(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """Whatever was handed over is new."""
    patch.setattr(subscriber, "ALONE_FROM", MANY)


@guard(
    GROUP,
    "P2",
    "what never arrived is taken up by who it was given to",
    test=test_what_was_given_to_a_consumer_and_never_arrived_is_taken_up_by_itself,
    red="what never arrived is in hand for ever",
)
async def never_arrived(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """Only what another has is looked for: with one consumer, an answer that was lost is lost."""
    take_over = RedisConsumer._take_over

    async def from_others(consumer: RedisConsumer, group: Group, row: Pending) -> None:
        if row.consumer != consumer.name:
            await take_over(consumer, group, row)

    patch.setattr(RedisConsumer, "_take_over", from_others)


@guard(
    GROUP,
    "P6",
    "the bound of what is taken at once",
    test=test_a_consumer_takes_no_more_at_once_than_it_can_handle_in_time,
    red="it took more than it can handle before that looks abandoned",
)
async def bound(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """It takes whatever there is: the last of it is taken for abandoned before its turn has come."""
    patch.setattr(subscriber, "BATCH", MANY)
