"""Token buckets, one a client: how much it may still ask, in this process or in all that share a Redis.

`limits` counts in windows only; a bucket lets a client be in a hurry for a moment and holds it to its rate afterwards.
It is kept as the instant at which it will be full again (GCRA), a number a client.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from app.bus.redis.connection import answered
from app.limiter.gathering import GatheringRedis
from app.limiter.memory import BOUND, Kept

PREFIX = "waybill:pace"
ANSWERS_WITHIN_S = 0.1

TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local step, size = 1000000 / ARGV[1], tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local wait = full + step - size * step - now
if wait > 0 then return {0, math.ceil(wait), math.ceil(full - now)} end
redis.call('SET', KEYS[1], string.format('%.0f', full + step), 'PX', math.ceil((full + step - now) / 1000))
return {math.floor(size - (full + step - now) / step), 0, math.ceil(full + step - now)}
"""


@dataclass(frozen=True, slots=True)
class Bucket:
    """`rate` requests a second, and up to `size` at once by who has not asked for a while."""

    rate: float
    size: int


@dataclass(frozen=True, slots=True)
class Level:
    """What is left in a bucket; `wait_s` is 0 where something was taken, else how long there is nothing to take."""

    left: int
    wait_s: float
    full_in_s: float


class Buckets(Protocol):
    """Buckets of one kind, by whom they are for."""

    async def take(self, whose: str) -> Level:
        """Take one, where there is one."""
        ...

    async def close(self) -> None:
        """Leave nothing open."""
        ...


class MemoryBuckets:
    """Fulfils `Buckets` for one process."""

    def __init__(self, bucket: Bucket, *, bound: int = BOUND, steady: Callable[[], float] = time.monotonic) -> None:
        self._step = 1 / bucket.rate
        self._size = bucket.size
        self._steady = steady
        self._full_at: Kept[float] = Kept(bucket.size / bucket.rate, bound, steady)

    def __len__(self) -> int:
        return len(self._full_at)

    async def take(self, whose: str) -> Level:
        """See `Buckets`."""
        now = self._steady()
        found = self._full_at.get(whose)
        full_at = now if found is None else max(found[1], now)
        wait_s = full_at + self._step - self._size * self._step - now
        if wait_s > 1e-9:  # noqa: PLR2004  # what is left of sums of fractions
            return Level(0, wait_s, full_at - now)
        full_at += self._step
        self._full_at.put(whose, full_at)
        return Level(math.floor(self._size - (full_at - now) / self._step + 1e-9), 0.0, full_at - now)

    async def close(self) -> None:
        """See `Buckets`."""


class RedisBuckets:
    """Fulfils `Buckets` for all processes together. `take` raises `Unavailable` when Redis is away or slow."""

    def __init__(self, bucket: Bucket, url: str, *, within_s: float = ANSWERS_WITHIN_S) -> None:
        self._bucket = bucket
        self._client = GatheringRedis(url, within_s=within_s)
        self._take: Any = self._client.register_script(TAKE)

    async def take(self, whose: str) -> Level:
        """See `Buckets`."""
        with answered():
            left, wait_us, full_us = await self._take([f"{PREFIX}:{whose}"], [self._bucket.rate, self._bucket.size])
        return Level(left, wait_us / 1e6, full_us / 1e6)

    async def close(self) -> None:
        """See `Buckets`."""
        await self._client.leave()
