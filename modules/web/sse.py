"""Server-sent events. Source: WHATWG HTML, 9.2."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import aclosing
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import StreamingResponse
from loguru import logger

from modules.web.answer import OPTIONS
from modules.web.leaving import LEAVING, Leaving, never

HEARTBEAT_S = 15.0
SLOW_S = 10.0
DIGITS = 10  # sequences are 32-bit numbers

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Good = Callable[[], bool]
"""Whether the caller may still read on: its token is neither expired nor revoked."""


def last_event_id(request: Request) -> int:
    """The number of the event that the caller has seen last; 0 where it names none that we gave."""
    value = request.headers.get("last-event-id", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < DIGITS else 0


def frame(name: str, number: int, data: Any) -> bytes:
    """One event."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), orjson.dumps(data, option=OPTIONS))


class EventStream(StreamingResponse):
    """Frames as they come, a heartbeat when none did for 15 s, and an end as soon as the caller may not read on.

    It ends as well when this process is told to stop: another goes on with it, from its `Last-Event-ID`.

    A reader that takes nothing for `slow_s` is cut off: it finds the rest by its `Last-Event-ID`. `batches` may be empty,
    and should come several times a second.
    """

    def __init__(
        self,
        batches: AsyncGenerator[Sequence[bytes]],
        good: Good,
        *,
        slow_s: float = SLOW_S,
        heartbeat_s: float = HEARTBEAT_S,
    ) -> None:
        self._leaving: Leaving = never
        self._frames = _paced(batches, lambda: good() and not self._leaving(), heartbeat_s)
        super().__init__(
            self._frames,
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
        self._slow_s = slow_s

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request."""
        self._leaving = scope.get(LEAVING, never)
        await super().__call__(scope, receive, send)

    async def stream_response(self, send: Send) -> None:
        """Send it all, each piece in time."""

        async def in_time(message: MutableMapping[str, Any]) -> None:
            async with asyncio.timeout(self._slow_s):
                await send(message)

        async with aclosing(self._frames):
            try:
                await super().stream_response(in_time)
            except TimeoutError:  # the answer is not complete, so the server closes the connection
                logger.info("a reader of a stream took nothing for {} s and is cut off", self._slow_s)


async def _paced(batches: AsyncGenerator[Sequence[bytes]], good: Good, heartbeat_s: float) -> AsyncGenerator[bytes]:
    async with aclosing(batches):
        silent_since = time.monotonic()
        yield b": following\n\n"
        async for frames in batches:
            if not good():
                return
            if frames:
                yield b"".join(frames)
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since >= heartbeat_s:
                yield b": still here\n\n"
                silent_since = time.monotonic()
