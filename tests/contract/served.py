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
from app.service_key import new_service_key
from modules.auth import api as auth_api
from modules.auth import remote as auth_remote
from modules.auth.port import AuthOperatorPort, AuthPort
from modules.delivery import remote as delivery_remote
from modules.delivery.port import DeliveryOperatorPort, DeliveryPort
from modules.kernel.errors import InvalidToken
from modules.kernel.ids import service_id
from modules.kernel.principal import INTERNAL_SCOPE, Principal, Verifier
from modules.product import remote as product_remote
from modules.product.port import ProductOperatorPort, ProductPort
from modules.sales import remote as sales_remote
from modules.sales.port import SalesOperatorPort, SalesPort
from modules.web.internal import served

TOKEN = "a-token-of-sales"
OPERATOR_TOKEN = "a-token-of-the-operator"
READER_TOKEN = "a-token-of-who-only-looks"
SERVED = frozenset({"auth", "delivery", "product", "sales", "peer"})
OPENS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    TOKEN: (SERVED, frozenset({INTERNAL_SCOPE})),
    OPERATOR_TOKEN: (frozenset({"ops"}), frozenset({"ops:read", "ops:write"})),
    READER_TOKEN: (frozenset({"ops"}), frozenset({"ops:read"})),
}
"""At which audiences each token lets in, and with which scopes."""


class Doorman:
    """Knows three tokens: one of the service sales, and two of operators."""

    def verify(self, token: str, audience: str, *, changes: bool = False) -> Principal:
        del changes
        audiences, scopes = OPENS.get(token, (frozenset(), frozenset()))
        if audience not in audiences:
            raise InvalidToken("The access token is for another service.")
        return Principal(service_id("sales"), audience, scopes, datetime.now(UTC) + timedelta(hours=1))


class Nobody:
    """Fulfils every port, and fails the test that gets as far as calling it."""

    def __getattr__(self, name: str) -> Any:
        async def call(**_arguments: Any) -> Any:
            raise AssertionError(name)

        return call


class Badge(Identity):
    """Shows the same token to every service, and counts how often it was told to get a new one."""

    def __init__(self, token: str = TOKEN) -> None:
        super().__init__("sales", new_service_key(), "http://127.0.0.1:1", "http://127.0.0.1:1")
        self.shown = token
        self.forgotten = 0

    async def token(self, audience: str) -> str:
        return OPERATOR_TOKEN if audience == "ops" and self.shown == TOKEN else self.shown

    def forget(self, audience: str, refused: str) -> None:
        del audience, refused
        self.forgotten += 1


def _with_contract(remote: Any, module: str) -> "Routes":
    """The operator's routes, and the contract, which a process has with the routes of the other port."""

    def routes(service: Any, verifier: Verifier) -> APIRouter:
        router = served(module, verifier, {}, remote.METHODS)
        router.include_router(remote.operator_routes(service, verifier))
        return router

    return routes


def _auth_routes(service: Any, verifier: Verifier) -> APIRouter:
    router = APIRouter()
    router.include_router(auth_api.routes(service))
    router.include_router(auth_remote.routes(service, verifier))
    return router


Routes = Callable[[Any, Verifier], APIRouter]
ENDS: Mapping[type, tuple[Routes, type]] = {
    AuthPort: (_auth_routes, auth_remote.RemoteAuth),
    AuthOperatorPort: (_with_contract(auth_remote, "auth"), auth_remote.RemoteAuthOperator),
    DeliveryPort: (delivery_remote.routes, delivery_remote.RemoteDelivery),
    DeliveryOperatorPort: (_with_contract(delivery_remote, "delivery"), delivery_remote.RemoteDeliveryOperator),
    ProductPort: (product_remote.routes, product_remote.RemoteProduct),
    ProductOperatorPort: (_with_contract(product_remote, "product"), product_remote.RemoteProductOperator),
    SalesPort: (sales_remote.routes, sales_remote.RemoteSales),
    SalesOperatorPort: (_with_contract(sales_remote, "sales"), sales_remote.RemoteSalesOperator),
}
"""Both ends of each port that crosses: its routes, and its client."""
OPERATED = frozenset({AuthOperatorPort, DeliveryOperatorPort, ProductOperatorPort, SalesOperatorPort})


def application(port: type, service: Any) -> FastAPI:
    """What a process that hosts the service answers to others."""

    return hosting(ENDS[port][0](service, Doorman()))


def hosting(*routers: APIRouter) -> FastAPI:
    """A process with these routes, and nothing beside them."""

    @asynccontextmanager
    async def lifetime() -> AsyncIterator[None]:
        yield

    async def nothing() -> None:
        return None

    return create_app("test", routers, Health({}, nothing), lifetime, "http://issuer")


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
        audience = "ops" if port in OPERATED else None
        yield ENDS[port][1](HttpChannel(Peer(peer, url, http), identity or Badge(), audience))
