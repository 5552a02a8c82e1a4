"""The limits of auth's forms and of sales' customers: counted in Redis where there is one, in this process otherwise."""

from limits import parse

from app.limiter.buckets import Bucket, Buckets, MemoryBuckets, RedisBuckets
from app.limiter.counts import Counts
from app.limiter.fallback import Fallback, FallbackBuckets
from app.limiter.limiter import CountingLimiter, Rules
from app.limiter.memory import MemoryCounts
from app.limiter.pace import Pace
from app.settings.sections import Limits

__all__ = ["CountingLimiter", "Pace", "Rules", "open_limiter", "open_pace"]


def open_limiter(limits: Limits, redis: str | None) -> CountingLimiter:
    """A limiter by these settings; with the URL of a Redis, all processes that have it count together.

    It connects when it is first asked.
    """
    counts: Counts = MemoryCounts()
    if redis is not None:
        from app.limiter.redis import RedisCounts

        counts = Fallback(RedisCounts(redis), counts)
    return CountingLimiter(Rules.of(limits), counts)


def open_pace(limits: Limits, redis: str | None) -> Pace:
    """The pace of sales' customers by these settings; with the URL of a Redis, all processes that have it count together."""
    rate = parse(limits.client)
    bucket = Bucket(rate.amount / rate.get_expiry(), limits.client_burst)
    near = MemoryBuckets(bucket)
    buckets: Buckets = near if redis is None else FallbackBuckets(RedisBuckets(bucket, redis), near)
    return Pace(bucket, buckets)
