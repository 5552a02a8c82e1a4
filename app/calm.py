"""What can wait lets pass what has just been set going in this process."""

import asyncio
import time

QUIET_S = 0.03
AT_MOST_S = 0.2


class Calm:
    """Tells when events have just gone out here. Their subscribers are at work on them, and share the processor."""

    def __init__(self) -> None:
        self._stirred_at = -QUIET_S

    def stirred(self) -> None:
        """Events go out."""
        self._stirred_at = time.monotonic()

    async def come(self) -> None:
        """Wait until nothing has gone out for 30 ms; not longer than 0.2 s, however much goes out."""
        end = time.monotonic() + AT_MOST_S
        while (rest := min(end, self._stirred_at + QUIET_S) - time.monotonic()) > 0:  # noqa: ASYNC110  # for a time
            await asyncio.sleep(rest)
