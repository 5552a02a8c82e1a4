"""What a limiter needs to be remembered, wherever that is."""

from dataclasses import dataclass
from typing import Protocol

from limits import RateLimitItem

FAILED = "failed"
"""The windows in which an address' failures are counted."""

REMEMBERED_S = 15 * 60
"""Failures of a client are forgotten so long after the last one."""


@dataclass(frozen=True, slots=True)
class Failures:
    """Of a client from an address, and of whoever asks from there."""

    times: int = 0
    ago_s: float = 0.0
    """How long ago the last one was."""
    of_address: int = 0
    """In its present window."""
    window_left_s: float = 0.0


class Counts(Protocol):
    """Requests by window, and failures. A window begins with the first that is counted in it."""

    async def hit(self, rate: RateLimitItem, *of: str) -> float:
        """Count one; 0 where that is within the rate, else how many seconds its window goes on."""
        ...

    async def failures(self, client: str | None, address: str, rate: RateLimitItem) -> Failures:
        """What is remembered; `client` names a client and an address together, `rate` is the one for the address."""
        ...

    async def failed(self, client: str | None, address: str, rate: RateLimitItem) -> None:
        """Remember one more, of the address and, where one is named, of the client."""
        ...

    async def forget(self, client: str) -> None:
        """Remember no failure of a client."""
        ...

    async def close(self) -> None:
        """Leave nothing open."""
        ...
