"""Counts in this process: the oldest go first, so that they have a bound whoever asks."""

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

from limits import RateLimitItem

from app.limiter.counts import FAILED, REMEMBERED_S, Failures

BOUND = 50_000
"""Of each kind; a flood of addresses makes counts of others be forgotten, and never fills the memory."""

_V = TypeVar("_V")


class Kept(Generic[_V]):
    """Values by key, each for the same time; when there are too many, the oldest go."""

    def __init__(self, for_s: float, bound: int, steady: Callable[[], float]) -> None:
        self._for_s = for_s
        self._bound = bound
        self._steady = steady
        self._kept: dict[Hashable, tuple[float, _V]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> tuple[float, _V] | None:
        """How many seconds a value is kept on, and the value."""
        found = self._kept.get(key)
        if found is None or (left := found[0] - self._steady()) <= 0:
            return None
        return left, found[1]

    def put(self, key: Hashable, value: _V) -> None:
        """Keep a value from now on."""
        self._kept.pop(key, None)
        now = self._steady()
        self._kept[key] = now + self._for_s, value  # behind all others: the first is always the oldest
        for _ in range(2):  # so it shrinks, and nobody has to walk through all of it
            oldest = next(iter(self._kept))
            if len(self._kept) <= self._bound and self._kept[oldest][0] > now:
                return
            del self._kept[oldest]

    def drop(self, key: Hashable) -> None:
        """Keep it no longer."""
        self._kept.pop(key, None)


@dataclass(slots=True)
class _Count:
    times: int = 0


class MemoryCounts:
    """Fulfils `Counts` for one process.

    `limits` has a storage like it, which walks through all that it holds whenever something is counted, and has no
    bound.
    """

    def __init__(self, *, bound: int = BOUND, steady: Callable[[], float] = time.monotonic) -> None:
        self._bound = bound
        self._steady = steady
        self._windows: dict[int, Kept[_Count]] = {}
        self._clients: Kept[int] = Kept(REMEMBERED_S, bound, steady)

    def __len__(self) -> int:
        return len(self._clients) + sum(len(kept) for kept in self._windows.values())

    async def hit(self, rate: RateLimitItem, *of: str) -> float:
        """See `Counts`."""
        kept = self._of(rate)
        found = kept.get(of)
        if found is None:
            kept.put(of, _Count(1))
            return 0.0
        left_s, count = found
        count.times += 1
        return left_s if count.times > rate.amount else 0.0

    async def failures(self, client: str | None, address: str, rate: RateLimitItem) -> Failures:
        """See `Counts`."""
        left_s, times = (client and self._clients.get(client)) or (REMEMBERED_S, 0)
        window_left_s, count = self._of(rate).get((FAILED, address)) or (0.0, _Count())
        return Failures(times, REMEMBERED_S - left_s, count.times, window_left_s)

    async def failed(self, client: str | None, address: str, rate: RateLimitItem) -> None:
        """See `Counts`."""
        await self.hit(rate, FAILED, address)
        if client is not None:
            _, times = self._clients.get(client) or (0.0, 0)
            self._clients.put(client, times + 1)

    async def forget(self, client: str) -> None:
        """See `Counts`."""
        self._clients.drop(client)

    async def close(self) -> None:
        """See `Counts`."""

    def _of(self, rate: RateLimitItem) -> Kept[_Count]:
        """The windows that are as long as those of a rate."""
        window_s = rate.get_expiry()
        if window_s not in self._windows:
            self._windows[window_s] = Kept(window_s, self._bound, self._steady)
        return self._windows[window_s]
