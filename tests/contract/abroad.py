"""A port that is far away twice: behind a peer that may misbehave, and behind real routes that may be asked anything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping, Sequence
from dataclasses import dataclass

import httpx
import pytest
from fastapi import FastAPI

from app.calls import policed
from modules.kernel import rpc
from modules.web.internal import Served, operated, served
from tests.contract.hostile_peer import LOOK, METHODS, PUT, SHOW, Far, HostilePeer, Port, Sight, far, hostile_peer
from tests.contract.served import TOKEN, Doorman, hosting

HELLO = {"authorization": f"Bearer {TOKEN}"}


class Service:
    """Fulfils the port, and counts its work; `hold` keeps it at work until it is set."""

    def __init__(self) -> None:
        self.begun = 0
        self.remaining: list[float | None] = []
        self.hold: asyncio.Event | None = None

    async def look(self, where: str) -> Sight:
        self.begun += 1
        self.remaining.append(rpc.remaining_s())
        if self.hold is not None:
            await self.hold.wait()
        return Sight(where)

    async def put(self, keys: Sequence[str]) -> Sequence[str]:
        self.begun += 1
        return keys

    async def show(self, what: str) -> str:
        self.begun += 1
        raise ZeroDivisionError(what)


def routes_of(service: Port) -> FastAPI:
    """A process that hosts the service."""
    methods: Served = {LOOK: service.look, PUT: service.put, SHOW: service.show}
    return hosting(served("peer", Doorman(), methods, METHODS))


def operator_routes_of(service: Port) -> FastAPI:
    """A process that hosts the service, which only the operator may call."""
    methods: Served = {LOOK: service.look, PUT: service.put, SHOW: service.show}
    return hosting(operated(Doorman(), methods))


async def posted(app: FastAPI, content: bytes, headers: Mapping[str, str]) -> int:
    """The status of the answer to a question."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as http:
        return (await http.post(LOOK.path, content=content, headers=dict(headers))).status_code


@dataclass
class Abroad:
    """The peer, the port as it is reached there, and a service of which a test makes routes."""

    peer: HostilePeer
    port: Far
    service: Service

    def police(self) -> None:
        """Put what is around every port around this one anew."""
        self.port.policed = policed(Port, self.port.raw, "peer", strict=True, breaker=self.port.breaker)  # type: ignore[type-abstract]  # read for its methods


async def ended(call: Awaitable[object]) -> object:
    """The answer to a call, or the error that it ends with."""
    try:
        return await call
    except Exception as error:  # noqa: BLE001  # whatever it is, the test says whether it may be
        return error


@pytest.fixture
async def abroad() -> AsyncIterator[Abroad]:
    async with hostile_peer() as peer, far(peer.url) as port:
        yield Abroad(peer, port, Service())
