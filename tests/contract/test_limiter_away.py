"""Redis dies, halts or comes back while auth's limiter counts in it: auth goes on, limited by each process alone."""

import asyncio
import io
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest
from limits import RateLimitItem, parse
from loguru import logger

from app.embedded import EmbeddedValkey
from app.limiter.counts import Counts
from app.limiter.fallback import LEFT_ALONE_S, Fallback
from app.limiter.memory import MemoryCounts
from app.limiter.redis import RedisCounts
from modules.kernel.errors import Unavailable
from tests.contract.test_redis_away import kill, launch
from tests.unit.limiter_world import HERE, Steady, fails, on, refused, steady, waits

__all__ = ["steady"]

RATE = parse("1/minute")


class Far(MemoryCounts):
    """A Redis that is away when it is told to be, after it was asked."""

    def __init__(self, steady: Steady) -> None:
        super().__init__(steady=steady)
        self.away = False
        self.asked = 0

    async def hit(self, rate: RateLimitItem, *of: str) -> float:
        self.asked += 1
        await asyncio.sleep(0)
        if self.away:
            raise Unavailable("Redis gives no answer.")
        return await super().hit(rate, *of)


@pytest.fixture
def far(steady: Steady) -> Far:
    return Far(steady)


@pytest.fixture
def either(far: Far, steady: Steady) -> Fallback:
    return Fallback(far, MemoryCounts(steady=steady), steady=steady)


async def test_what_is_away_is_left_alone_for_a_while_and_then_tried_by_one_request(
    far: Far, either: Fallback, steady: Steady
) -> None:
    far.away = True
    assert [await either.hit(RATE, str(number)) for number in range(20)] == [0.0] * 20
    assert far.asked == 1
    steady.at += LEFT_ALONE_S
    await asyncio.gather(*(either.hit(RATE, "x") for _ in range(20)))
    assert far.asked == 2
    far.away = False
    steady.at += LEFT_ALONE_S
    for _ in range(3):
        await either.hit(RATE, "y")
    assert far.asked == 5


async def test_meanwhile_this_process_counts_by_itself(far: Far, either: Fallback) -> None:
    far.away = True
    assert await either.hit(RATE, HERE) == 0
    assert await either.hit(RATE, HERE) > 0


async def test_a_success_clears_what_was_remembered_meanwhile(far: Far, either: Fallback, steady: Steady) -> None:
    limiter = on(either)
    client = uuid4()
    far.away = True
    await limiter.admit(HERE)
    await fails(limiter, 9, client)
    assert await waits(limiter, client) > 0
    far.away = False
    steady.at += LEFT_ALONE_S
    await limiter.succeeded(client, HERE)
    far.away = True
    await limiter.admit(HERE)
    assert await waits(limiter, client) == 0


async def test_it_says_once_that_it_counts_alone_and_once_that_it_does_no_more(
    far: Far, either: Fallback, steady: Steady
) -> None:
    written = io.StringIO()
    sink = logger.add(written, format="{message}")
    try:
        far.away = True
        for _ in range(4):
            await either.hit(RATE, HERE)
            steady.at += LEFT_ALONE_S
        far.away = False
        for _ in range(4):
            await either.hit(RATE, HERE)
    finally:
        logger.remove(sink)
    assert written.getvalue().splitlines() == [
        "limits are counted by each process alone: Redis gives no answer.",
        "limits are counted together again",
    ]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey"), secrets.token_urlsafe(16)) as started:
        yield started


@pytest.fixture
async def real(server: EmbeddedValkey) -> AsyncIterator[RedisCounts]:
    """Over a server that a test may kill; it runs again afterwards."""
    counts = RedisCounts(server.url)
    yield counts
    await counts.close()
    if server.poll() is not None:
        launch(server)


async def known_to(server: EmbeddedValkey, rate: RateLimitItem, *of: str) -> bool:
    """Whether the server has counted so many already that it refuses one more."""
    counts = RedisCounts(server.url, within_s=5)
    left_s = await counts.hit(rate, *of)
    await counts.close()
    return left_s > 0


async def test_a_redis_that_is_killed_in_the_middle_stops_nobody(
    server: EmbeddedValkey, real: RedisCounts, steady: Steady
) -> None:
    limiter = on(Fallback(real, MemoryCounts(), steady=steady), address="5/minute")
    assert await refused(limiter) == 0
    kill(server)
    async with asyncio.timeout(10):
        seen = [await refused(limiter) for _ in range(7)]
        client = uuid4()
        await fails(limiter, 9, client)
        assert await waits(limiter, client) > 0
        await limiter.succeeded(client, HERE)
        assert await waits(limiter, client) == 0
    assert seen[:5] == [0] * 5
    assert all(wait_s > 0 for wait_s in seen[5:])


async def test_a_redis_that_was_restarted_is_counted_in_again(
    server: EmbeddedValkey, real: RedisCounts, steady: Steady
) -> None:
    either = Fallback(real, MemoryCounts(), steady=steady)
    rate, address = parse("2/minute"), f"address {uuid4()}"
    await either.hit(rate, address)
    kill(server)
    await either.hit(rate, address)
    launch(server)
    async with asyncio.timeout(10):
        while not await known_to(server, rate, address):
            steady.at += LEFT_ALONE_S
            await either.hit(rate, address)


async def test_a_redis_that_halts_costs_one_request_a_moment_and_the_next_nothing(
    server: EmbeddedValkey, real: RedisCounts, steady: Steady
) -> None:
    limiter = on(Fallback(real, MemoryCounts(), steady=steady), address="1000/second")
    await limiter.admit(HERE)
    os.kill(server.pid or 0, signal.SIGSTOP)
    try:
        took = []
        for _ in range(10):
            began = time.monotonic()
            await limiter.admit(HERE)
            took.append(time.monotonic() - began)
    finally:
        os.kill(server.pid or 0, signal.SIGCONT)
    assert took[0] < 2, "a tenth of a second, on a machine that is not busy"
    assert sum(took[1:]) < 0.1 * len(took), "they do not wait for it"


async def test_a_failure_that_redis_did_not_hear_of_is_remembered_here(
    real: RedisCounts, server: EmbeddedValkey
) -> None:
    kill(server)
    with pytest.raises(Unavailable, match="Redis gives no answer"):
        await real.failures("client", HERE, RATE)
    counts: Counts = Fallback(real, MemoryCounts())
    await counts.failed("client", HERE, RATE)
    known = await counts.failures("client", HERE, RATE)
    assert (known.times, known.of_address) == (1, 1)


async def test_a_password_is_in_no_complaint() -> None:
    counts = RedisCounts("redis://:very-secret@127.0.0.1:1/0")
    with pytest.raises(Unavailable) as said:
        await counts.hit(RATE, HERE)
    await counts.close()
    assert "very-secret" not in f"{said.value} {said.value.details} {said.value.__cause__}"
