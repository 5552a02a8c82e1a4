"""A peer on a socket that speaks HTTP by hand, and so can do what no server should; and a port that is asked of it."""

import asyncio
import socket
import struct
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from app.calls import Breaker, policed
from app.identity import Identity
from app.rpc import HttpChannel, Peer, http_client
from modules.kernel import rpc
from tests.contract.served import Badge

PATIENCE_S = 20.0  # only a test that fails waits so long
MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Sight:
    """What there is to see."""

    what: str
    how_much: int = 1


class Port(Protocol):
    @rpc.read()
    async def look(self, where: str) -> Sight: ...

    @rpc.idempotent("keys")
    async def put(self, keys: Sequence[str]) -> Sequence[str]: ...

    @rpc.once()
    async def show(self, what: str) -> str: ...


LOOK = rpc.crossing(Port.look, "/internal/peer/look")
PUT = rpc.crossing(Port.put, "/internal/peer/put", each="keys")
SHOW = rpc.crossing(Port.show, "/internal/peer/show")
METHODS: tuple[rpc.Crossing[..., Any], ...] = (LOOK, PUT, SHOW)


class RemotePort:
    """The port's client, with the patience of a test."""

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def look(self, where: str) -> Sight:
        async with asyncio.timeout(PATIENCE_S):
            return await self._channel.call(LOOK, where)

    async def put(self, keys: Sequence[str]) -> Sequence[str]:
        async with asyncio.timeout(PATIENCE_S):
            return await self._channel.call(PUT, keys)

    async def show(self, what: str) -> str:
        async with asyncio.timeout(PATIENCE_S):
            return await self._channel.call(SHOW, what)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it came."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    at: float

    @property
    def deadline_ms(self) -> int:
        return int(self.headers[rpc.DEADLINE_HEADER])

    @property
    def question(self) -> Any:
        return orjson.loads(self.body)


@dataclass(frozen=True, slots=True)
class Line:
    """The connection that a question came over."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def gone(self) -> None:
        """Say nothing until the other side has left."""
        while await self.reader.read(65_536):
            pass

    def reset(self) -> None:
        """Break the connection: the other side gets a reset, not an end."""
        opened: socket.socket = self.writer.get_extra_info("socket")
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Answer = Callable[[Line, Asked], Awaitable[None]]


class HostilePeer:
    """Answers as told, one answer after the other, and as is right when nothing is left to tell.

    `contract` is what it says to whoever asks what it serves.
    """

    def __init__(self) -> None:
        self.url = ""
        self.told: deque[Answer] = deque()
        self.asked: list[Asked] = []
        self.contract: Answer = contract()
        self.contracts_told = 0
        self.connections = 0
        self.open = 0
        self.most_open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        line = Line(reader, writer)
        try:
            while (asked := await _read(reader)) is not None and not writer.is_closing():
                await self._answer(line, asked)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()

    async def _answer(self, line: Line, asked: Asked) -> None:
        if asked.path.endswith("/contract"):
            self.contracts_told += 1
            await self.contract(line, asked)
            return
        self.asked.append(asked)
        await (self.told.popleft() if self.told else usual)(line, asked)


async def _read(reader: asyncio.StreamReader) -> Asked | None:
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *rest = head.decode().rstrip("\r\n").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(first.split(" ")[1], headers, body, time.monotonic())


@asynccontextmanager
async def hostile_peer() -> AsyncIterator[HostilePeer]:
    """A peer on a free port; whoever is still connected at the end is cut off."""
    peer, lines = HostilePeer(), set[asyncio.Task[None]]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        lines.add(task)
        try:
            await peer.serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            lines.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=64 * MIB)
    peer.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield peer
    finally:
        server.close()
        for task in list(lines):
            task.cancel()
        await asyncio.gather(*lines, return_exceptions=True)


@dataclass
class Far:
    """The port, as another process has it."""

    peer: Peer
    raw: Port
    policed: Port
    breaker: Breaker


@asynccontextmanager
async def far(url: str, identity: Identity | None = None) -> AsyncIterator[Far]:
    """The port behind `url`: its client with nothing around it, and with what is around every port."""
    async with http_client() as http:
        peer = Peer("peer", url, http)
        raw, breaker = RemotePort(HttpChannel(peer, identity or Badge())), Breaker("peer")
        yield Far(peer, raw, policed(Port, raw, "peer", strict=True, breaker=breaker), breaker)  # type: ignore[type-abstract]  # read for its methods


# what it answers


def document(content: bytes, status: str = "200 OK", *headers: str, media_type: str = "application/json") -> Answer:
    """An answer as any server would give it."""
    lines = [f"HTTP/1.1 {status}", f"content-type: {media_type}", f"content-length: {len(content)}", *headers]

    async def answer(line: Line, _: Asked) -> None:
        await line.send("\r\n".join(lines).encode() + b"\r\n\r\n" + content)

    return answer


def result(answer: Any) -> Answer:
    """An answer to a question."""
    return document(orjson.dumps({"result": answer}))


def problem(status: int, /, **members: Any) -> Answer:
    """A problem that holds these members."""
    return document(orjson.dumps(members), f"{status} No", media_type="application/problem+json")


def contract(**changed: Sequence[str]) -> Answer:
    """What it serves: what this release means, save for the methods named."""
    offered = {method.name: method.offered for method in METHODS} | changed
    return document(orjson.dumps({"module": "peer", "methods": offered}))


def raw(data: bytes) -> Answer:
    """Bytes, whatever they are; then the end of the connection."""

    async def answer(line: Line, _: Asked) -> None:
        await line.send(data)
        line.writer.close()

    return answer


def in_parts(*parts: bytes, then: Callable[[Line], Awaitable[None] | None]) -> Answer:
    """The beginning of an answer of a thousand bytes (none of it without `parts`), and then something else."""

    async def answer(line: Line, _: Asked) -> None:
        if parts:
            await line.send(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for part in parts:
            await line.send(part)
        ended = then(line)
        if ended is not None:
            await ended

    return answer


async def usual(line: Line, asked: Asked) -> None:
    """The right answer."""
    method = asked.path.rpartition("/")[2]
    said = asked.question
    answer = {"what": said["where"], "how_much": 1} if method == "look" else said["keys" if method == "put" else "what"]
    await result(answer)(line, asked)
