"""Token buckets, in memory or in Redis, are the same; in Redis, all processes share them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from uuid import uuid4

import pytest

from app.limiter.buckets import Bucket, Buckets, MemoryBuckets, RedisBuckets
from app.limiter.fallback import LEFT_ALONE_S, FallbackBuckets
from modules.kernel.errors import Unavailable
from tests.contract.bus_depots import BROKERS
from tests.unit.limiter_world import Steady

PATIENT_S = 5.0  # a busy machine is no Redis that is away
SLOW = Bucket(rate=1 / 3600, size=5)
"""Nothing comes into it while a test runs."""
QUICK = Bucket(rate=50, size=2)


def opened(kind: str, bucket: Bucket, brokers: Mapping[str, str]) -> Buckets:
    return MemoryBuckets(bucket) if kind == "memory" else RedisBuckets(bucket, brokers[kind], within_s=PATIENT_S)


@pytest.fixture(params=["memory", *BROKERS])
async def slow(request: pytest.FixtureRequest, brokers: Mapping[str, str]) -> AsyncIterator[Buckets]:
    made = opened(request.param, SLOW, brokers)
    yield made
    await made.close()


@pytest.fixture(params=["memory", *BROKERS])
async def quick(request: pytest.FixtureRequest, brokers: Mapping[str, str]) -> AsyncIterator[Buckets]:
    made = opened(request.param, QUICK, brokers)
    yield made
    await made.close()


@pytest.fixture
def whose() -> str:
    """One that no other test has."""
    return f"client {uuid4()}"


async def test_who_has_not_asked_may_ask_for_a_whole_bucket_at_once(slow: Buckets, whose: str) -> None:
    levels = [await slow.take(whose) for _ in range(7)]
    assert [level.left for level in levels] == [4, 3, 2, 1, 0, 0, 0]
    assert [level.wait_s > 0 for level in levels] == [False] * 5 + [True] * 2
    assert levels[5].wait_s == pytest.approx(3600, abs=60)
    assert levels[5].full_in_s == pytest.approx(5 * 3600, abs=60)


async def test_another_s_bucket_is_another(slow: Buckets, whose: str) -> None:
    for _ in range(6):
        await slow.take(whose)
    assert (await slow.take(f"another {whose}")).left == 4


async def test_what_is_refused_takes_nothing(slow: Buckets, whose: str) -> None:
    for _ in range(5):
        await slow.take(whose)
    first, *_, last = [await slow.take(whose) for _ in range(20)]
    assert last.wait_s <= first.wait_s


async def test_of_many_at_once_as_many_are_admitted_as_there_is_room_for(slow: Buckets, whose: str) -> None:
    levels = await asyncio.gather(*(slow.take(whose) for _ in range(40)))
    assert sum(level.wait_s == 0 for level in levels) == 5


async def test_it_fills_again(quick: Buckets, whose: str) -> None:
    async with asyncio.timeout(20):
        while (await quick.take(whose)).wait_s == 0:
            pass
        while (await quick.take(whose)).wait_s:
            pass


async def test_it_fills_at_its_rate_and_no_higher_than_its_size() -> None:
    steady = Steady()
    buckets = MemoryBuckets(Bucket(rate=2, size=3), steady=steady)
    assert [(await buckets.take("a")).left for _ in range(4)] == [2, 1, 0, 0]
    steady.at += 0.5
    assert [(await buckets.take("a")).wait_s for _ in range(2)] == [0, 0.5]
    steady.at += 100
    assert [(await buckets.take("a")).left for _ in range(4)] == [2, 1, 0, 0]


@pytest.mark.parametrize("kind", BROKERS)
async def test_two_processes_that_share_a_redis_share_the_buckets(
    kind: str, brokers: Mapping[str, str], whose: str
) -> None:
    one, other = (opened(kind, SLOW, brokers) for _ in range(2))
    levels = [await buckets.take(whose) for buckets in (one, other) * 4]
    assert [level.left for level in levels] == [4, 3, 2, 1, 0, 0, 0, 0]
    await one.close()
    await other.close()


async def test_in_memory_there_is_a_bound_and_the_oldest_go() -> None:
    buckets = MemoryBuckets(SLOW, bound=10)
    for number in range(25):
        await buckets.take(str(number))
    assert len(buckets) == 10
    assert (await buckets.take("24")).left == 3
    assert (await buckets.take("0")).left == 4


async def test_in_memory_a_full_bucket_is_not_kept() -> None:
    steady = Steady()
    buckets = MemoryBuckets(Bucket(rate=1, size=3), steady=steady)
    await buckets.take("a")
    steady.at += 10
    assert (await buckets.take("b")).left == 2
    assert len(buckets) == 1


class Away:
    def __init__(self) -> None:
        self.asked = 0

    async def take(self, whose: str) -> object:
        self.asked += 1
        raise Unavailable(whose)

    async def close(self) -> None:
        """Nothing is open."""


async def test_while_redis_is_away_each_process_has_its_own_and_one_request_tries_every_five_seconds() -> None:
    steady, away = Steady(), Away()
    buckets = FallbackBuckets(away, MemoryBuckets(SLOW, steady=steady), steady=steady)  # type: ignore[arg-type]  # never answers
    assert [(await buckets.take("a")).left for _ in range(3)] == [4, 3, 2]
    assert away.asked == 1
    steady.at += LEFT_ALONE_S
    assert [(await buckets.take("a")).left for _ in range(2)] == [1, 0]
    assert away.asked == 2
