"""What keeps an event on its way over Redis, taken away."""

from collections.abc import Sequence

import pytest

from app import relay
from app.bus.redis import RedisBus, RedisConsumer
from app.bus.redis import consumer as subscriber
from app.bus.redis import group as groups
from app.bus.redis.group import Group, Raw
from modules.kernel import outbox
from modules.kernel.database import sql
from tests.contract.redis_world import RedisWorld
from tests.contract.test_redis_bus import (
    test_a_redis_that_was_emptied_is_another_bus_and_what_it_held_is_published_again,
    test_only_what_every_subscriber_has_handled_is_trimmed,
    test_what_a_redis_without_its_last_second_has_lost_is_published_again,
)
from tests.contract.test_redis_group import (
    test_a_consumer_that_leaves_hands_over_what_it_has_at_once_and_gives_up_its_name,
    test_a_consumer_that_leaves_with_nothing_in_hand_leaves_no_name,
    test_a_name_is_forgotten_when_it_has_nothing_in_hand_and_kept_while_it_has,
    test_an_event_that_kills_every_process_is_dead_and_its_neighbours_are_not_to_blame,
    test_what_another_is_handling_is_not_taken_over,
    test_what_takes_long_is_renewed_and_not_counted,
)
from tests.sabotage import worse_inboxes as worse
from tests.sabotage.guards import Guard, guard

REDIS: list[Guard[RedisWorld]] = []


@guard(
    REDIS,
    "P6",
    "only what is abandoned is taken over",
    test=test_what_another_is_handling_is_not_taken_over,
    red="what is being handled was taken over",
)
async def abandoned_only(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """Whatever another has in hand is taken over."""
    patch.setattr(subscriber, "ABANDONED_MS", 0)
    patch.setattr(subscriber, "LEFT_MS", 0)


@guard(
    REDIS,
    "P6",
    "what is in hand is renewed",
    test=test_what_takes_long_is_renewed_and_not_counted,
    red="what takes long was taken for abandoned",
)
async def renewal(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """Nothing is renewed: what takes longer than five seconds is handled by two."""

    async def forgets(_group: Group, _ids: Sequence[bytes]) -> None: ...

    patch.setattr(Group, "renew", forgets)


@guard(
    REDIS,
    "P6",
    "what was abandoned is handled one by one",
    test=test_an_event_that_kills_every_process_is_dead_and_its_neighbours_are_not_to_blame,
    red="a neighbour was blamed",
)
async def one_by_one(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """All of it is claimed, and counted, together: neighbours die with the one that kills."""
    claim = Group.claim

    async def claims_all(group: Group, ids: Sequence[bytes], *, idle_ms: int, count: int) -> Sequence[Raw]:
        for row in await group.pending(idle_ms=idle_ms):
            if row.id not in ids:
                await claim(group, [row.id], idle_ms=idle_ms, count=row.deliveries + 1)
        return await claim(group, ids, idle_ms=0, count=count)

    patch.setattr(Group, "claim", claims_all)


@guard(
    REDIS,
    "P6",
    "a name is deleted only when it has nothing in hand",
    test=test_a_name_is_forgotten_when_it_has_nothing_in_hand_and_kept_while_it_has,
    red="an entry went with its consumer's name",
)
async def names_with_nothing(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """It is deleted with what it has: nobody is given that again until its emitter asks."""
    patch.setattr(groups, "FORGET", groups.FORGET.replace("seen.pending == 0", "true"))


@guard(
    REDIS,
    "P2",
    "a Redis that was emptied is another bus",
    test=test_a_redis_that_was_emptied_is_another_bus_and_what_it_held_is_published_again,
    red="what the emptied Redis held was lost",
)
async def identity(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """It is known by its address: what it held comes again only when its subscriber is asked, and later."""

    async def same(_bus: RedisBus) -> str:
        return "redis"

    patch.setattr(RedisBus, "identify", same)


@guard(
    REDIS,
    "P2",
    "settled on the subscribers' word, not on what a group has acknowledged",
    test=test_what_a_redis_without_its_last_second_has_lost_is_published_again,
    red="an event that was lost is settled",
)
async def never_on_acknowledging(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """What a group has left nothing to read of, and nothing unacknowledged, is settled."""
    patch.setattr(relay, "verdict", worse.settled_when_read)


@guard(
    REDIS,
    "P2",
    "only what is settled is trimmed",
    test=test_only_what_every_subscriber_has_handled_is_trimmed,
    red="an event that is not settled was trimmed",
)
async def trims_settled_only(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """Everything published is trimmed, up to the newest that is settled."""
    newest = "SELECT max(stream_id) AS place FROM outbox WHERE state = 'settled' AND bus = :bus"
    patch.setattr(outbox, "SETTLED_UP_TO", sql(newest))


@guard(
    REDIS,
    "P6",
    "who leaves hands over what it has",
    test=test_a_consumer_that_leaves_hands_over_what_it_has_at_once_and_gives_up_its_name,
    red="who left keeps what it had in hand",
)
async def handing_over(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """It just ends: the others wait until what it had is abandoned, and take it for what kills processes."""

    async def nothing(_consumer: RedisConsumer) -> None: ...

    patch.setattr(RedisConsumer, "_leave", nothing)


@guard(
    REDIS,
    "P6",
    "who leaves gives up its name",
    test=test_a_consumer_that_leaves_with_nothing_in_hand_leaves_no_name,
    red="a name is left of who is gone",
)
async def names_given_up(_world: RedisWorld, patch: pytest.MonkeyPatch) -> None:
    """Its name stays: with every restart there are more."""

    async def nothing(_group: Group, _consumer: str, *, idle_ms: int) -> None:
        del idle_ms

    patch.setattr(Group, "_forget", nothing)
