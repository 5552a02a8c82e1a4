"""The limits of auth's form endpoints, whoever counts."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, Self
from uuid import UUID

from limits import RateLimitItem, parse
from loguru import logger

from app.limiter.counts import Counts
from app.settings.sections import Limits
from app.telemetry.metrics import LIMITED
from modules.kernel.errors import TooMany

LONGEST_WAIT_S = 60
SAID_EVERY_S = 60.0
ADDRESS, EVERYONE, CLIENT = "address", "everyone", "client"
REFUSED = {by: LIMITED.labels(by) for by in (ADDRESS, EVERYONE, CLIENT)}
FREQUENT = "Too many requests come from this address."
BUSY = "Too many requests come in at the moment."
FAILING = "Authentication failed too often from this address."


@dataclass(frozen=True, slots=True)
class Rules:
    """How often is too often."""

    address: RateLimitItem
    everyone: RateLimitItem
    failures: int
    address_failures: RateLimitItem

    @classmethod
    def of(cls, limits: Limits) -> Self:
        """The rules that settings state."""
        return cls(parse(limits.address), parse(limits.everyone), limits.failures, parse(limits.address_failures))

    def wait_s(self, failures: int) -> int:
        """How long a client waits after its last failure: not at all at first, then 1, 2, 4, … and at most 60 s."""
        beyond = failures - self.failures
        return 0 if beyond <= 0 else min(2 ** min(beyond - 1, 6), LONGEST_WAIT_S)


class CountingLimiter:
    """Fulfils auth's `Limiter`."""

    def __init__(self, rules: Rules, counts: Counts, *, steady: Callable[[], float] = time.monotonic) -> None:
        self._rules = rules
        self._counts = counts
        self._steady = steady
        self._said: dict[str, float] = {}

    async def admit(self, address: str) -> None:
        """See `Limiter`."""
        # What one address asks too often is not counted for everyone, or it would shut all others out.
        if wait_s := await self._counts.hit(self._rules.address, ADDRESS, address):
            self._refuse(ADDRESS, FREQUENT, address, wait_s)
        if wait_s := await self._counts.hit(self._rules.everyone, EVERYONE):
            self._refuse(EVERYONE, BUSY, address, wait_s)

    async def admit_client(self, client_id: UUID | None, address: str) -> bool:
        """See `Limiter`."""
        rate = self._rules.address_failures
        known = await self._counts.failures(_pair(client_id, address), address, rate)
        if known.of_address >= rate.amount:
            self._refuse(ADDRESS, FAILING, address, known.window_left_s)
        if (wait_s := self._rules.wait_s(known.times) - known.ago_s) > 0:
            self._refuse(CLIENT, FAILING, address, wait_s)
        return known.times > 0

    async def failed(self, client_id: UUID | None, address: str) -> None:
        """See `Limiter`."""
        await self._counts.failed(_pair(client_id, address), address, self._rules.address_failures)

    async def succeeded(self, client_id: UUID, address: str) -> None:
        """See `Limiter`."""
        if pair := _pair(client_id, address):
            await self._counts.forget(pair)

    async def close(self) -> None:
        """Leave nothing open."""
        await self._counts.close()

    def _refuse(self, by: str, why: str, address: str, wait_s: float) -> NoReturn:
        REFUSED[by].inc()
        now = self._steady()
        if now >= self._said.get(by, now):
            self._said[by] = now + SAID_EVERY_S
            logger.warning("limited by {}: requests from {} are refused, and perhaps others", by, address)
        raise TooMany(why, retry_after_s=max(1, math.ceil(wait_s)))


def _pair(client_id: UUID | None, address: str) -> str | None:
    return None if client_id is None else f"{client_id}/{address}"
