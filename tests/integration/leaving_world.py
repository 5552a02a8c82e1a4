"""A process that answers requests as `serve` has it answer, and can be told to stop."""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import TypeVar

import httpx
import pytest
import uvicorn
from fastapi import APIRouter

from app.departure import Departure
from app.http import Health, create_app
from entrypoints.cli.serve import SERVER
from modules.web.leaving import Leaving
from modules.web.sse import EventStream
from tests.support.interleaving import Gate

NOTICE_S = 60.0
"""Longer than any test: what happens while notice is given happens before anything closes."""
SOON_S = 3.0

T = TypeVar("T")


class Leaver:
    """What a process has around its requests; `work` keeps one of them until it is opened."""

    def __init__(self) -> None:
        self.departure = Departure(NOTICE_S)
        self.leaving: Leaving = self.departure.begun
        self.work = Gate()
        self.settings = dict(SERVER)
        self._server: uvicorn.Server | None = None

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[httpx.AsyncClient]:
        """Serve on a socket of this machine, for somebody who asks."""
        app = create_app("test", [self._routes()], self._health(), _nothing, "http://issuer", leaving=self.leaving)
        with socket.create_server(("127.0.0.1", 0)) as opened:
            self._server = uvicorn.Server(uvicorn.Config(app, lifespan="off", **self.settings))
            serving = asyncio.create_task(self._server._serve([opened]))
            url = f"http://127.0.0.1:{opened.getsockname()[1]}"
            try:
                async with httpx.AsyncClient(base_url=url, timeout=20) as http:
                    yield http
            finally:
                self.close()
                self.work.open()
                await serving

    def stop(self) -> None:
        """Tell it to stop."""
        self.departure.begin(self.close)

    def close(self) -> None:
        """Notice was given."""
        if self._server is not None:
            self._server.should_exit = True

    def closes(self) -> bool:
        """Whether it takes no more connections, or is about to."""
        return self._server is not None and self._server.should_exit

    async def closed(self) -> None:
        """Until it takes no more connections."""
        while self._server is None or any(one.is_serving() for one in self._server.servers):  # noqa: ASYNC110  # uvicorn tells nobody
            await asyncio.sleep(0.01)

    def _health(self) -> Health:
        async def nothing() -> None:
            """There is nothing to measure."""

        return Health({}, nothing, leaving=self.leaving)

    def _routes(self) -> APIRouter:
        router = APIRouter()

        @router.get("/work")
        async def work() -> dict[str, str]:
            await self.work.passed()
            return {"work": "done"}

        @router.get("/stream")
        async def stream() -> EventStream:
            return EventStream(_for_ever(), lambda: True)

        return router


@asynccontextmanager
async def _nothing() -> AsyncIterator[None]:
    yield


async def _for_ever() -> AsyncGenerator[Sequence[bytes]]:
    while True:
        yield [b"data: on and on\n\n"]
        await asyncio.sleep(0.02)


async def before_long(work: Awaitable[T], otherwise: str) -> T:
    """What comes of it, and that soon; otherwise the test fails."""
    try:
        async with asyncio.timeout(SOON_S):
            return await work
    except TimeoutError:
        raise AssertionError(otherwise) from None


@pytest.fixture
def leaver() -> Leaver:
    return Leaver()
