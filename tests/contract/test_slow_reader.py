"""A reader that takes nothing of a stream, over a real socket: it is cut off, and nothing of it stays."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Sequence

from fastapi import APIRouter, Response

from modules.web.sse import EventStream
from tests.contract.served import hosting, listening

PATIENCE_S = 20.0  # only a test that fails waits so long
REQUEST = b"GET /stream HTTP/1.1\r\nHost: test\r\n\r\n"


async def test_a_reader_that_takes_nothing_is_cut_off_and_what_was_behind_it_is_closed() -> None:
    closed = asyncio.Event()
    router = APIRouter()

    async def for_ever() -> AsyncGenerator[Sequence[bytes]]:
        try:
            while True:
                yield [b"x" * 65_536]
        finally:
            closed.set()

    @router.get("/stream")
    async def stream() -> Response:
        return EventStream(for_ever(), lambda: True, slow_s=0.2)

    async with listening(hosting(router)) as url, asyncio.timeout(PATIENCE_S):
        with socket.socket() as reader:
            reader.setblocking(False)
            reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(reader, ("127.0.0.1", int(url.rpartition(":")[2])))
            await loop.sock_sendall(reader, REQUEST)
            await closed.wait()
            while await loop.sock_recv(reader, 1 << 20):  # what was on its way still comes, and then the end
                pass
