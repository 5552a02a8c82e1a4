"""Server-sent events. Source: WHATWG HTML, 9.2."""

import time
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any

import orjson
from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from modules.web.answer import OPTIONS

HEARTBEAT_S = 15.0
DIGITS = 10  # sequences are 32-bit numbers


def last_event_id(request: Request) -> int:
    """The number of the event that the caller has seen last; 0 where it names none that we gave."""
    value = request.headers.get("last-event-id", "")
    return int(value) if value.isascii() and value.isdigit() and len(value) < DIGITS else 0


def frame(name: str, number: int, data: Any) -> bytes:
    """One event."""
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (number, name.encode(), orjson.dumps(data, option=OPTIONS))


def stream(batches: AsyncIterator[Sequence[bytes]], until: datetime) -> Response:
    """Frames as they come, a heartbeat when none did, and an end when the caller's token has expired."""
    return StreamingResponse(
        _paced(batches, until),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _paced(batches: AsyncIterator[Sequence[bytes]], until: datetime) -> AsyncIterator[bytes]:
    silent_since = time.monotonic()
    yield b": following\n\n"
    async for frames in batches:
        if datetime.now(until.tzinfo) >= until:
            return
        if frames:
            yield b"".join(frames)
            silent_since = time.monotonic()
        elif time.monotonic() - silent_since >= HEARTBEAT_S:
            yield b": still here\n\n"
            silent_since = time.monotonic()
