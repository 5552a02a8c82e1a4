"""Counts in one place, and in another while the first gives no answer."""

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from limits import RateLimitItem
from loguru import logger

from app.limiter.buckets import Buckets, Level
from app.limiter.counts import Counts, Failures
from modules.kernel.errors import Unavailable

LEFT_ALONE_S = 5.0

_C = TypeVar("_C")
_T = TypeVar("_T")


class Nearer(Generic[_C]):
    """Asks `far`, and `near` for five seconds whenever `far` gives no answer; then one request tries it again."""

    def __init__(self, far: _C, near: _C, steady: Callable[[], float]) -> None:
        self._far = far
        self._near = near
        self._steady = steady
        self._again_at = 0.0
        self._away = False

    async def __call__(self, ask: Callable[[_C], Awaitable[_T]]) -> _T:
        """What the one that answers says."""
        if self._away:
            now = self._steady()
            if now < self._again_at:
                return await ask(self._near)
            self._again_at = now + LEFT_ALONE_S  # this request tries, the others do not wait for it
        try:
            answer = await ask(self._far)
        except Unavailable as error:
            if not self._away:
                logger.warning("limits are counted by each process alone: {}", error.detail)
            self._away, self._again_at = True, self._steady() + LEFT_ALONE_S
            return await ask(self._near)
        if self._away:
            logger.info("limits are counted together again")
        self._away = False
        return answer


class Fallback:
    """Fulfils `Counts`: `near` counts for five seconds whenever `far` gives no answer, and then one request tries it.

    What was counted in one is not known in the other: for a while more is admitted than the limits say.
    """

    def __init__(self, far: Counts, near: Counts, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._far = far
        self._near = near
        self._asked = Nearer(far, near, steady)

    async def hit(self, rate: RateLimitItem, *of: str) -> float:
        """See `Counts`."""
        return await self._asked(lambda counts: counts.hit(rate, *of))

    async def failures(self, client: str | None, address: str, rate: RateLimitItem) -> Failures:
        """See `Counts`."""
        return await self._asked(lambda counts: counts.failures(client, address, rate))

    async def failed(self, client: str | None, address: str, rate: RateLimitItem) -> None:
        """See `Counts`."""
        await self._asked(lambda counts: counts.failed(client, address, rate))

    async def forget(self, client: str) -> None:
        """Remember no failure of a client, wherever."""
        await self._near.forget(client)
        await self._asked(lambda counts: counts.forget(client))

    async def close(self) -> None:
        """See `Counts`."""
        await self._far.close()
        await self._near.close()


class FallbackBuckets:
    """Fulfils `Buckets`: each process has its own while they can't be shared. Full ones, so more is admitted for a while."""

    def __init__(self, far: Buckets, near: Buckets, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._far = far
        self._near = near
        self._asked = Nearer(far, near, steady)

    async def take(self, whose: str) -> Level:
        """See `Buckets`."""
        return await self._asked(lambda buckets: buckets.take(whose))

    async def close(self) -> None:
        """See `Buckets`."""
        await self._far.close()
        await self._near.close()
