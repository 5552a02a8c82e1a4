"""How fast a customer's system may ask sales."""

import math

from app.limiter.buckets import Bucket, Buckets, Level
from app.telemetry.metrics import PACED
from modules.kernel.errors import TooMany
from modules.kernel.ids import ClientId

Headers = tuple[tuple[str, str], ...]


class Pace:
    """Fulfils sales' `Pace`: a token bucket a client.

    Source: draft-ietf-httpapi-ratelimit-headers-10, 3 and 4, for what is told.
    """

    def __init__(self, bucket: Bucket, buckets: Buckets) -> None:
        self._buckets = buckets
        self._policy = f'"client";q={bucket.size};w={max(1, math.ceil(bucket.size / bucket.rate))}'

    async def keep(self, client_id: ClientId, told: list[tuple[str, str]]) -> None:
        """See sales' `Pace`."""
        level = await self._buckets.take(client_id)
        told += [("RateLimit-Policy", self._policy), ("RateLimit", _shown(level))]
        if level.wait_s:
            PACED.inc()
            raise TooMany("This client asks faster than it may.", retry_after_s=max(1, math.ceil(level.wait_s)))

    async def close(self) -> None:
        """Leave nothing open."""
        await self._buckets.close()


def _shown(level: Level) -> str:
    return f'"client";r={level.left};t={math.ceil(level.full_in_s)}'
