"""A line between the system and its Redis that can be cut, slowed down, or made to talk rubbish."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

HOST = "127.0.0.1"
CHUNK = 65_536
SLOW_S = 0.3
RUBBISH = b"\x00\xff rubbish \r\n$-7\r\n*\r\n:x\r\n"

PASSES, CUT, SLOW, TALKS_RUBBISH = "passes", "cut", "slow", "rubbish"


class Link:
    """Carries connections to `port`, the way that `mode` says: each byte, none, each late, or something else back."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._mode = PASSES
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
                    writer.write(RUBBISH)
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
                ways.create_task(self._pump(from_server, to_client))
        except (OSError, ExceptionGroup):
            to_client.transport.abort()
        finally:
            self._open.discard(to_client)

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(CHUNK):
                if self._mode == SLOW:
                    await asyncio.sleep(SLOW_S)
                if self._mode == CUT:
                    break
                writer.write(data)
                await writer.drain()
        finally:
            with suppress(OSError):
                writer.close()
