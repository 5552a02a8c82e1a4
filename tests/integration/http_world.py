"""The whole application in this process, on databases of its own, without the jobs that run beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlencode

import httpx

from app.container import Container
from app.process import build_app
from app.settings import MODULES, load_settings
from modules.auth.port import ClientKind
from modules.auth.service import read_request
from modules.auth.service.issuing import TokenAnswer
from modules.product.port import NewProduct

MONOLITH = Path(__file__).parents[2] / "config" / "monolith.toml"
SECRETS = {"WAYBILL_SECRETS__PEPPER": "p" * 43, "WAYBILL_SECRETS__KEY_ENCRYPTION_KEY": "k" * 43}
CATALOGUE = [NewProduct("TEA", "Tea", 450, "EUR", 10**12), NewProduct("GOLD", "Gold", 10**12, "EUR", 10**12)]
SHIP_TO = {"name": "Maria Anders", "line1": "Obere Str. 57", "city": "Berlin", "country": "DE"}
ORDER: Mapping[str, Any] = {"lines": [{"sku": "TEA", "quantity": 1}], "ship_to": SHIP_TO}


class Server(Protocol):
    """Where databases are made."""

    def create(self, module: str) -> str: ...

    def drop(self, dsn: str) -> None: ...


@dataclass(frozen=True)
class Api:
    """The application, and a client with a token for orders."""

    container: Container
    http: httpx.AsyncClient
    token: str

    async def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {b"Authorization": f"Bearer {self.token}".encode()} | dict(request.pop("headers", {}))
        return await self.http.request(method, path, headers=headers, **request)

    async def close(self) -> None:
        await self.http.aclose()
        for database in self.container.databases():
            await database.close()


def container_on(dsns: Mapping[str, str], **given: str) -> Container:
    """The wiring of one process on these databases."""
    databases = {f"WAYBILL_DATABASES__{module.upper()}": dsn for module, dsn in dsns.items()}
    return Container(settings=load_settings(MONOLITH, SECRETS | databases | given))


async def opened(container: Container) -> Api:
    """The application, with something to sell and somebody who buys."""
    await container.catalogue().import_products("test", CATALOGUE)
    token = await _token(container, "sales", "orders:read", "orders:write")
    await container.verifier().learn(container.auth_port())
    transport = httpx.ASGITransport(build_app(container))
    return Api(container, httpx.AsyncClient(transport=transport, base_url="http://test"), token)


async def admitted(api: Api, audience: str, *scopes: str) -> Api:
    """The same application, for somebody else."""
    return Api(api.container, api.http, await _token(api.container, audience, *scopes))


async def _token(container: Container, audience: str, *scopes: str) -> str:
    created = await container.auth().create_client("test", audience, [*scopes], [audience], ClientKind.CUSTOMER)
    credentials = {"client_id": created.client.id, "client_secret": created.client_secret}
    form = urlencode({"grant_type": "client_credentials"} | credentials).encode()
    (answer,) = await container.auth().issue_tokens([read_request(form, [])])
    assert isinstance(answer, TokenAnswer)
    return answer.access_token


def databases_of(server: Server) -> dict[str, str]:
    """A database for each module."""
    return {module: server.create(module) for module in MODULES}
