"""Whoever counts for the limiter, memory or Redis, counts the same; in Redis, all processes count together."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from uuid import uuid4

import pytest
from limits import parse
from redis.asyncio import Redis

from app.limiter.counts import REMEMBERED_S, Counts
from app.limiter.memory import MemoryCounts
from app.limiter.redis import PREFIX, RedisCounts
from modules.kernel.errors import Unavailable
from tests.contract.bus_depots import BROKERS
from tests.unit.limiter_world import fails, on, refused, waits

PATIENT_S = 5.0  # a busy machine is no Redis that is away
RATE = parse("3/minute")


@pytest.fixture(params=["memory", *BROKERS])
async def counts(request: pytest.FixtureRequest, brokers: Mapping[str, str]) -> AsyncIterator[Counts]:
    made: Counts = MemoryCounts()
    if request.param != "memory":
        made = RedisCounts(brokers[request.param], within_s=PATIENT_S)
    yield made
    await made.close()


@pytest.fixture(params=BROKERS)
async def two(request: pytest.FixtureRequest, brokers: Mapping[str, str]) -> AsyncIterator[tuple[Counts, Counts]]:
    """What two processes have that share a Redis."""
    pair = tuple(RedisCounts(brokers[request.param], within_s=PATIENT_S) for _ in range(2))
    yield pair[0], pair[1]
    for one in pair:
        await one.close()


@pytest.fixture
def address() -> str:
    """One that no other test has."""
    return f"address {uuid4()}"


async def test_a_window_takes_what_its_rate_says_and_tells_how_long_it_goes_on(counts: Counts, address: str) -> None:
    seen = [await counts.hit(RATE, "address", address) for _ in range(5)]
    assert seen[:3] == [0, 0, 0]
    assert all(0 < wait_s <= 60 for wait_s in seen[3:])
    assert await counts.hit(RATE, "address", f"another {address}") == 0
    assert await counts.hit(RATE, "another kind", address) == 0


async def test_a_window_ends(counts: Counts, address: str) -> None:
    rate = parse("1/second")
    await counts.hit(rate, "address", address)
    gives_up_at = time.monotonic() + 20
    while await counts.hit(rate, "address", address):
        assert time.monotonic() < gives_up_at


async def test_failures_count_for_the_client_and_for_its_address(counts: Counts, address: str) -> None:
    one, other = f"one/{address}", f"other/{address}"
    assert (await counts.failures(one, address, RATE)).times == 0
    for client in (one, one, other, None):
        await counts.failed(client, address, RATE)
    known = await counts.failures(one, address, RATE)
    assert (known.times, known.of_address) == (2, 4)
    assert 0 <= known.ago_s < 30
    assert 0 < known.window_left_s <= 60
    assert (await counts.failures(other, address, RATE)).times == 1
    assert (await counts.failures(None, address, RATE)).times == 0
    elsewhere = await counts.failures(one, f"another {address}", RATE)
    assert (elsewhere.times, elsewhere.of_address) == (2, 0)


async def test_what_is_forgotten_is_the_clients_and_not_the_addresss(counts: Counts, address: str) -> None:
    one = f"one/{address}"
    await counts.failed(one, address, RATE)
    await counts.forget(one)
    known = await counts.failures(one, address, RATE)
    assert (known.times, known.of_address) == (0, 1)


async def test_two_processes_that_share_a_redis_count_together(two: tuple[Counts, Counts], address: str) -> None:
    limiters = [on(counts, address="4/minute", everyone="1000000/second") for counts in two]
    for limiter in limiters * 2:
        assert await refused(limiter, address) == 0
    for limiter in limiters:
        assert await refused(limiter, address) > 0


async def test_a_client_that_fails_at_one_process_waits_at_the_other_until_it_succeeds(
    two: tuple[Counts, Counts], address: str
) -> None:
    here, there = (on(counts, address_failures="1000/minute") for counts in two)
    client = uuid4()
    await fails(here, 20, client, address)
    assert await waits(there, client, address) > 50
    await there.succeeded(client, address)
    assert await waits(here, client, address) == 0


@pytest.mark.parametrize("broker", BROKERS)
async def test_nothing_stays_in_redis_for_ever(brokers: Mapping[str, str], broker: str, address: str) -> None:
    counts = RedisCounts(brokers[broker], within_s=PATIENT_S)
    limiter = on(counts)
    client = uuid4()
    await limiter.admit(address)
    await fails(limiter, 2, client, address)
    await fails(limiter, 2, None, address)
    await limiter.admit_client(client, address)
    await counts.close()
    redis = Redis.from_url(brokers[broker])
    left = {key: await redis.ttl(key) async for key in redis.scan_iter(f"{PREFIX}:*{address}*")}
    await redis.aclose()
    assert len(left) == 3
    assert all(0 < left_s <= REMEMBERED_S for left_s in left.values()), left


@pytest.mark.parametrize("broker", BROKERS)
async def test_what_many_ask_at_once_goes_over_one_connection_and_each_has_its_own_answer(
    brokers: Mapping[str, str], broker: str, address: str
) -> None:
    counts = RedisCounts(brokers[broker], within_s=PATIENT_S)
    many = await asyncio.gather(*(counts.hit(RATE, "address", f"{number % 20} {address}") for number in range(100)))
    connections = len(counts._client.connection_pool._available_connections)
    await counts.close()
    assert [wait_s == 0 for wait_s in many] == [True] * 60 + [False] * 40
    assert connections == 1


@pytest.mark.parametrize("broker", BROKERS)
async def test_a_command_that_redis_refuses_is_no_others_refusal(
    brokers: Mapping[str, str], broker: str, address: str
) -> None:
    counts = RedisCounts(brokers[broker], within_s=PATIENT_S)
    redis = Redis.from_url(brokers[broker])
    await redis.rpush(f"{PREFIX}:{RATE.key_for('address', address)}", "no number")
    asked = (counts.hit(RATE, "address", one) for one in (f"one {address}", address, f"other {address}"))
    seen = await asyncio.gather(*asked, return_exceptions=True)
    await redis.delete(f"{PREFIX}:{RATE.key_for('address', address)}")
    await counts.close()
    await redis.aclose()
    assert (seen[0], seen[2]) == (0, 0)
    assert isinstance(seen[1], Unavailable)
