"""The limiter in front of auth's forms: counted in Redis where there is one, in this process otherwise."""

from app.limiter.counts import Counts
from app.limiter.fallback import Fallback
from app.limiter.limiter import CountingLimiter, Rules
from app.limiter.memory import MemoryCounts
from app.settings.sections import Limits

__all__ = ["CountingLimiter", "Rules", "open_limiter"]


def open_limiter(limits: Limits, redis: str | None) -> CountingLimiter:
    """A limiter by these settings; with the URL of a Redis, all processes that have it count together.

    It connects when it is first asked.
    """
    counts: Counts = MemoryCounts()
    if redis is not None:
        from app.limiter.redis import RedisCounts

        counts = Fallback(RedisCounts(redis), counts)
    return CountingLimiter(Rules.of(limits), counts)
