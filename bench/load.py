"""A load generator that costs little beside what it measures: requests written out beforehand, answers barely read."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol, cast

HEAD_END = b"\r\n\r\n"


@dataclass(slots=True)
class Load:
    """What came of a load: statuses, the time of each answered request in milliseconds, and the whole in seconds."""

    statuses: Counter[int] = field(default_factory=Counter)
    took_ms: list[float] = field(default_factory=list)
    seconds: float = 0.0

    def add(self, other: "Load") -> None:
        """Count in what came of another load, that went before or after."""
        self.statuses += other.statuses
        self.took_ms += other.took_ms
        self.seconds += other.seconds

    def rate(self, status: int = 201) -> float:
        """Answers of that status a second."""
        return self.statuses[status] / self.seconds

    def percentile(self, share: float) -> float:
        """The time in milliseconds within which that share of the requests was answered."""
        ordered = sorted(self.took_ms)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def request(path: str, token: str, body: bytes, *headers: str) -> bytes:
    """A POST as it goes over the wire."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Bearer {token}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *headers,
    ]
    return "\r\n".join(lines).encode() + HEAD_END + body


class Talk(Protocol):
    """What one connection says, where each request depends on the answer to the one before."""

    def __iter__(self) -> Iterator[bytes]:
        """The requests."""
        ...

    def __next__(self) -> bytes:
        """The next request."""
        ...

    def hear(self, body: bytes) -> None:
        """Take in an answer, whatever its status."""
        ...


class _Connection(asyncio.Protocol):
    """One keep-alive connection: the next request goes out when the answer to the last one is in, or a while after."""

    def __init__(
        self,
        requests: Iterator[bytes],
        load: Load,
        until: float,
        pause_s: float = 0.0,
        hear: Callable[[bytes], None] | None = None,
    ) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._requests = requests
        self._load = load
        self._until = until
        self._pause_s = pause_s
        self._hear = hear
        self._sent_at = 0.0
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but its class
        self._next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, rest = self._buffer.partition(HEAD_END)
        if not found:
            return
        lowered = head.lower()
        start = lowered.index(b"content-length:") + 15
        end = lowered.find(b"\r", start)
        length = int(lowered[start : None if end < 0 else end])
        if len(rest) < length:
            return
        self._buffer = rest[length:]
        self._load.statuses[int(head[9:12])] += 1
        self._load.took_ms.append((time.perf_counter() - self._sent_at) * 1000)
        if self._hear is not None:
            self._hear(rest[:length])
        if self._pause_s:
            asyncio.get_running_loop().call_later(self._pause_s, self._next)
        else:
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            if exc is not None:
                self._load.statuses[0] += 1
            self.done.set_result(None)

    def _next(self) -> None:
        now = time.perf_counter()
        message = next(self._requests, None) if now < self._until else None
        if message is None:
            self._transport.close()
            return
        self._sent_at = now
        self._transport.write(message)


async def drive(
    port: int, requests: Iterator[bytes], *, connections: int, seconds: float, pause_s: float = 0.0
) -> Load:
    """Send `requests` over `connections` at once to this machine's `port`, for so many seconds at most.

    Each connection rests for `pause_s` before its next request.
    """
    return await _driven(port, [(requests, None)] * connections, seconds, pause_s)


async def converse(port: int, talks: Sequence[Talk], *, seconds: float) -> Load:
    """Have each of `talks` over a connection of its own, for so many seconds; each can be gone on with later."""
    return await _driven(port, [(talk, talk.hear) for talk in talks], seconds)


async def _driven(
    port: int,
    lines: Sequence[tuple[Iterator[bytes], Callable[[bytes], None] | None]],
    seconds: float,
    pause_s: float = 0.0,
) -> Load:
    load = Load()
    began = time.perf_counter()
    loop = asyncio.get_running_loop()
    made: list[_Connection] = []
    for requests, hear in lines:
        made.append(_Connection(requests, load, began + seconds, pause_s, hear))
        await loop.create_connection(lambda: made[-1], "127.0.0.1", port)
    await asyncio.gather(*(one.done for one in made))
    load.seconds = time.perf_counter() - began
    return load
