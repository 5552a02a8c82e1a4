"""A line between two parts of the system that can be cut, slowed down, or made to talk rubbish."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import cycle

HOST = "127.0.0.1"
CHUNK = 65_536
SLOW_S = 0.3
RUBBISH = b"\x00\xff rubbish \r\n$-7\r\n*\r\n:x\r\n"
WELL_FORMED = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}",
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4\r\n\r\nnull",
    b"HTTP/1.1 502 Bad Gateway\r\ncontent-type: text/html\r\ncontent-length: 8\r\n\r\n<p>Oops.",
    b"HTTP/1.1 404 Not Found\r\ncontent-type: text/plain\r\ncontent-length: 9\r\n\r\nNo route.",
    b"HTTP/1.1 401 Unauthorized\r\ncontent-type: text/html\r\ncontent-length: 8\r\n\r\n<p>Who?.",
)
"""What a proxy may say that knows nothing of whom it stands for: HTTP, and no answer of ours."""

PASSES, CUT, SLOW, TALKS_RUBBISH = "pass", "cut", "slow", "spoil"
FAULTS = (CUT, SLOW, TALKS_RUBBISH)


class Link:
    """Carries connections to `port`, the way that `mode` says: each byte, none, each late, or `rubbish` back."""

    def __init__(self, port: int, rubbish: Sequence[bytes] = (RUBBISH,)) -> None:
        self._to = port
        self._mode = PASSES
        self._rubbish = cycle(rubbish)
        self._open: set[asyncio.StreamWriter] = set()
        self.port = 0

    @property
    def mode(self) -> str:
        """What happens on it now."""
        return self._mode

    @mode.setter
    def mode(self, mode: str) -> None:
        self._mode = mode
        if mode in {CUT, TALKS_RUBBISH}:
            for writer in list(self._open):
                if mode == TALKS_RUBBISH:
                    writer.write(next(self._rubbish))
                else:
                    writer.transport.abort()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Link"]:
        """Listen on a free port of this machine."""
        server = await asyncio.start_server(self._carry, HOST, 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self.mode = CUT

    async def _carry(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        if self._mode == CUT:
            to_client.transport.abort()
            return
        self._open.add(to_client)
        try:
            from_server, to_server = await asyncio.open_connection(HOST, self._to)
            async with asyncio.TaskGroup() as ways:
                ways.create_task(self._pump(from_client, to_server))
                ways.create_task(self._pump(from_server, to_client, comes_back=True))
        except (OSError, ExceptionGroup):
            to_client.transport.abort()
        finally:
            self._open.discard(to_client)

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, comes_back: bool = False
    ) -> None:
        try:
            while data := await reader.read(CHUNK):
                if self._mode == SLOW:
                    await asyncio.sleep(SLOW_S)
                if self._mode == CUT:
                    break
                writer.write(next(self._rubbish) if comes_back and self._mode == TALKS_RUBBISH else data)
                await writer.drain()
        finally:
            with suppress(OSError):
                writer.close()
