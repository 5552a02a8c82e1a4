"""Auth behind its limiter, with a clock of the limiter's that is moved, and callers at addresses of their choice."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import httpx
import pytest
from dependency_injector import providers
from fastapi import FastAPI

from app.container import Container
from app.limiter import CountingLimiter
from app.process import build_app
from app.settings import MODULES, load_settings
from modules.auth.port import ClientCreated, ClientKind
from modules.kernel.database import Database
from tests.integration.http_world import MONOLITH, SECRETS
from tests.support.statements import url_of
from tests.unit.limiter_world import HERE, Steady, in_memory

ASKED = {"grant_type": "client_credentials"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


class Limited:
    """The application of one process; only auth has a database."""

    def __init__(self, database: Database, limiter: CountingLimiter, steady: Steady) -> None:
        urls = dict.fromkeys(MODULES, "postgresql://nobody@127.0.0.1:1/{}") | {"auth": url_of(database)}
        given = {f"WAYBILL_DATABASES__{name.upper()}": url.format(name) for name, url in urls.items()}
        self.container = Container(settings=load_settings(MONOLITH, SECRETS | given))
        self.container.limiter.override(providers.Object(limiter))
        self.database: Database = self.container.auth_database()
        self.steady = steady
        self.app: FastAPI = build_app(self.container)
        self._open = AsyncExitStack()

    async def client(self) -> ClientCreated:
        """Somebody who buys."""
        created: ClientCreated = await self.container.auth().create_client(
            "test", "shop", ["orders:read"], ["sales"], ClientKind.CUSTOMER
        )
        return created

    async def at(self, address: str) -> httpx.AsyncClient:
        """Somebody at an address."""
        transport = httpx.ASGITransport(self.app, client=(address, 4711))
        return await self._open.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://auth.test"))

    async def close(self) -> None:
        await self._open.aclose()
        await self.database.close()


def right(client: ClientCreated) -> tuple[str, str]:
    return client.client.id, client.client_secret


def wrong(client: ClientCreated) -> tuple[str, str]:
    return client.client.id, "wrong"


async def signs_in(http: httpx.AsyncClient, credentials: tuple[str, str], path: str = "/auth/token") -> httpx.Response:
    """The answer to somebody who has these credentials and wants something."""
    return await http.post(path, data=ASKED | {"token": "x"}, auth=credentials)


async def fails(http: httpx.AsyncClient, client: ClientCreated, times: int) -> None:
    for _ in range(times):
        assert (await signs_in(http, wrong(client))).status_code == 401


@pytest.fixture
async def limited(auth_database: Database) -> AsyncIterator[Limited]:
    """With room for 20 requests a second from an address."""
    steady = Steady()
    world = Limited(auth_database, in_memory(steady, address="20/second", address_failures="30/minute"), steady)
    yield world
    await world.close()


@pytest.fixture
async def http(limited: Limited) -> httpx.AsyncClient:
    return await limited.at(HERE)
