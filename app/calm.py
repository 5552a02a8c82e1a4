"""What can wait lets pass what has just been set going in this process."""

import asyncio
import time
from collections.abc import Awaitable, Callable

QUIET_S = 0.03
AT_MOST_S = 0.2


class Calm:
    """Tells when events have just gone out here. Their subscribers are at work on them, and share the processor."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._clock, self._sleep = clock, sleep
        self._stirred_at = -QUIET_S

    def stirred(self) -> None:
        """Events go out."""
        self._stirred_at = self._clock()

    async def come(self) -> None:
        """Wait until nothing has gone out for 30 ms; not longer than 0.2 s, however much goes out."""
        end = self._clock() + AT_MOST_S
        while (rest := min(end, self._stirred_at + QUIET_S) - self._clock()) > 0:
            await self._sleep(rest)
