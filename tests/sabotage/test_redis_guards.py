"""Each guard of the Redis bus: with it the promise holds, without it the promise's test is red."""

import pytest

from tests.contract.redis_world import RedisWorld
from tests.integration.events.mail import check
from tests.sabotage.adoption_guards import READING
from tests.sabotage.group_guards import GROUP
from tests.sabotage.guards import Guard, breaks, keeps
from tests.sabotage.redis_guards import REDIS

some_guards = pytest.mark.parametrize("promised", REDIS, ids=str)  # all else is green in its own suite
every_guard = pytest.mark.parametrize("promised", [*REDIS, *GROUP, *READING], ids=str)


async def all_true(world: RedisWorld) -> None:
    await check(world.mail)


@some_guards
async def test_with_its_guard_a_promise_holds(
    promised: Guard[RedisWorld], unchecked_world: RedisWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keeps(promised, unchecked_world, all_true, monkeypatch)


@every_guard
async def test_without_its_guard_a_promise_is_seen_broken(
    promised: Guard[RedisWorld], unchecked_world: RedisWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    await breaks(promised, unchecked_world, all_true, monkeypatch)
