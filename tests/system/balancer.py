"""What operators put in front of replicas, and lines that stand still."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress

HOST = "127.0.0.1"
CHUNK = 65_536
LOOK_EVERY_S = 0.25
ANSWERS_WITHIN_S = 2.0
ASKS = b"GET /health/ready HTTP/1.1\r\nHost: replica\r\nConnection: close\r\n\r\n"

Way = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Line:
    """Carries connections from a port of its own to another; while it is halted nothing arrives, and nothing is closed."""

    def __init__(self, port: int, to: int) -> None:
        self.port = port
        self._to = to
        self._flows = asyncio.Event()
        self._flows.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Line"]:
        """Carry what comes, for as long as this lasts."""
        server = await asyncio.start_server(self._carry, HOST, self.port)
        try:
            yield self
        finally:
            server.close()
            self._flows.set()

    def halt(self) -> None:
        """Have nothing arrive any more."""
        self._flows.clear()

    async def _reach(self) -> Way:
        return await asyncio.open_connection(HOST, self._to)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            there, back = await self._reach()
        except OSError:
            writer.transport.abort()
            return
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What ends cleanly is ended cleanly, what breaks off is broken off."""
        try:
            while data := await reader.read(CHUNK):
                await self._flows.wait()
                writer.write(data)
                await writer.drain()
            writer.close()
        except OSError:
            writer.transport.abort()


class Balancer(Line):
    """Gives each connection to the next of the replicas that say that they are ready, as of its last look."""

    def __init__(self, port: int, replicas: Sequence[int]) -> None:
        super().__init__(port, replicas[0])
        self.ready: set[int] = set()
        self._replicas = replicas
        self._turns = itertools.count()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["Line"]:
        """Look, and carry what comes, for as long as this lasts."""
        looking = asyncio.create_task(self._look_on())
        async with super().listening():
            yield self
        looking.cancel()

    async def _look_on(self) -> None:
        while True:
            ready = await asyncio.gather(*(_is_ready(port) for port in self._replicas))
            self.ready = {port for port, is_ready in zip(self._replicas, ready, strict=True) if is_ready}
            await asyncio.sleep(LOOK_EVERY_S)

    async def _reach(self) -> Way:
        for port in self._in_turn():
            with suppress(OSError):
                return await asyncio.open_connection(HOST, port)
        raise ConnectionRefusedError("no replica takes connections")

    def _in_turn(self) -> Iterator[int]:
        """Who is ready, the next one first; where nobody is, whoever there is."""
        chosen = [port for port in self._replicas if port in self.ready] or list(self._replicas)
        first = next(self._turns) % len(chosen)
        return iter([*chosen[first:], *chosen[:first]])


async def _is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    try:
        async with asyncio.timeout(ANSWERS_WITHIN_S):
            writer.write(ASKS)
            return (await reader.readline()).split()[1:2] == [b"200"]
    except (OSError, TimeoutError):
        return False
    finally:
        writer.close()
