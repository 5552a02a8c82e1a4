"""A port of a real service behind a real socket, and the client that other processes have of it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
from fastapi import APIRouter, FastAPI

from app.http import Health, create_app
from app.identity import Identity
from app.rpc import HttpChannel, Peer, http_client
from modules.auth import api as auth_api
from modules.auth import remote as auth_remote
from modules.auth.port import AuthPort
from modules.delivery import remote as delivery_remote
from modules.delivery.port import DeliveryPort
from modules.kernel.errors import InvalidToken
from modules.kernel.ids import service_id
from modules.kernel.principal import INTERNAL_SCOPE, Principal, Verifier
from modules.product import remote as product_remote
from modules.product.port import ProductPort
from modules.sales import remote as sales_remote
from modules.sales.port import SalesPort

TOKEN = "a-token-of-sales"


class Doorman:
    """Lets in whoever has the one token: the service sales, at one audience."""

    def verify(self, token: str, audience: str) -> Principal:
        if token != TOKEN:
            raise InvalidToken("The access token is malformed.")
        ends = datetime.now(UTC) + timedelta(hours=1)
        return Principal(service_id("sales"), audience, frozenset({INTERNAL_SCOPE}), ends)


class Badge(Identity):
    """Shows the same token to everyone, and counts how often it was told to get a new one."""

    def __init__(self, token: str = TOKEN) -> None:
        super().__init__("sales", "wbs_none", "http://127.0.0.1:1")
        self.shown = token
        self.forgotten = 0

    async def token(self, audience: str) -> str:
        return self.shown

    def forget(self, audience: str) -> None:
        self.forgotten += 1


def _auth_routes(service: Any, verifier: Verifier) -> APIRouter:
    router = APIRouter()
    router.include_router(auth_api.routes(service))
    router.include_router(auth_remote.routes(service, verifier))
    return router


Routes = Callable[[Any, Verifier], APIRouter]
ENDS: Mapping[type, tuple[Routes, type]] = {
    AuthPort: (_auth_routes, auth_remote.RemoteAuth),
    DeliveryPort: (delivery_remote.routes, delivery_remote.RemoteDelivery),
    ProductPort: (product_remote.routes, product_remote.RemoteProduct),
    SalesPort: (sales_remote.routes, sales_remote.RemoteSales),
}
"""Both ends of each port that crosses: its routes, and its client."""


def application(port: type, service: Any) -> FastAPI:
    """What a process that hosts the service answers to others."""

    @asynccontextmanager
    async def lifetime() -> AsyncIterator[None]:
        yield

    async def nothing() -> None:
        return None

    return create_app("test", [ENDS[port][0](service, Doorman())], Health({}, nothing), lifetime, "http://issuer")


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """An application on a socket of this machine; its URL."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([opened]))
        try:
            yield f"http://127.0.0.1:{opened.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@asynccontextmanager
async def client_of(port: type, url: str, peer: str, identity: Identity | None = None) -> AsyncIterator[Any]:
    """A port's client for what answers at `url`, with nothing around it."""
    async with http_client() as http:
        yield ENDS[port][1](HttpChannel(Peer(peer, url, http), identity or Badge()))
