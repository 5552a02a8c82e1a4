"""Auth's API for administrators, on a database of its own: what is asked, what is answered, and what is written of it."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from loguru import logger

from app.container import Container
from app.process import build_app
from app.settings import MODULES, load_settings
from modules.auth.port import ClientCreated, ClientKind
from modules.kernel.database import sql
from tests.integration.http_world import MONOLITH, SECRETS, Server

CLIENTS = "/auth/clients"
SHOP: Mapping[str, Any] = {"name": "Shop", "scopes": ["orders:read", "orders:write"], "audiences": ["sales"]}
ASKED = {"grant_type": "client_credentials"}
PARAMETER = re.compile(r"\{[^}]+\}")


class Admin:
    """The application of one process, of which auth alone has a database, and who looks after clients.

    Every answer under `/auth/clients` is compared with what the document says of it.
    """

    def __init__(self, dsn: str) -> None:
        urls = dict.fromkeys(MODULES, "postgresql://nobody@127.0.0.1:1/{}") | {"auth": dsn}
        given = {f"WAYBILL_DATABASES__{name.upper()}": url.format(name) for name, url in urls.items()}
        given["WAYBILL_LIMITS__ENABLED"] = "false"
        self.container = Container(settings=load_settings(MONOLITH, SECRETS | given))
        self.app: FastAPI = build_app(self.container)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(self.app), base_url="http://auth.test")
        self.token = ""
        self.log: list[str] = []
        self._sink = logger.add(self.log.append, level="TRACE", format="{message} {extra} {exception}", diagnose=True)

    async def begin(self) -> None:
        self.token = await self.token_of(await self.registered(["auth:admin"], ["auth"]))

    async def registered(self, scopes: list[str], audiences: list[str]) -> ClientCreated:
        """A client that nobody had to ask this API for."""
        created: ClientCreated = await self.container.auth().create_client(
            "test", "of the test", scopes, audiences, ClientKind.CUSTOMER
        )
        return created

    async def token_of(self, client: ClientCreated) -> str:
        answer = await self.sign_in(client.client.id, client.client_secret)
        await self.heard()
        return str(answer.raise_for_status().json()["access_token"])

    async def sign_in(self, client_id: str, secret: str) -> httpx.Response:
        return await self.http.post("/auth/token", data=ASKED, auth=(client_id, secret))

    async def heard(self) -> None:
        """Every service has heard of what was revoked."""
        await self.container.verifier().learn(self.container.auth_port())

    async def ask(self, request: str, json: Any = None, *, token: str | None = None, **more: Any) -> httpx.Response:
        """The answer to `METHOD path` below `/auth/clients`; with the administrator's token, or with none where it is empty."""
        method, _, path = request.partition(" ")
        token = self.token if token is None else token
        headers = ({"Authorization": f"Bearer {token}"} if token else {}) | more.pop("headers", {})
        body = {} if json is None else {"json": json}
        answer = await self.http.request(method, CLIENTS + path, headers=headers, **body, **more)
        self._is_as_described(answer)
        return answer

    async def made(self, **changes: Any) -> dict[str, Any]:
        """A shop: its client, its secret."""
        answer = await self.ask("POST ", {**SHOP, **changes})
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def shown(self, client_id: str) -> dict[str, Any]:
        return dict((await self.ask(f"GET /{client_id}")).raise_for_status().json())

    def operations(self) -> dict[str, dict[str, Any]]:
        """What the document says, by `METHOD path`."""
        return {
            f"{method.upper()} {path}": operation
            for path, methods in self.app.openapi()["paths"].items()
            for method, operation in methods.items()
            if path.startswith(CLIENTS)
        }

    def _is_as_described(self, answer: httpx.Response) -> None:
        told = answer.request.method, answer.request.url.raw_path.decode().partition("?")[0]
        (operation,) = [said for name, said in self.operations().items() if _fits(name, *told)]
        declared = operation["responses"].get(str(answer.status_code))
        assert declared is not None, f"{told} answers {answer.status_code}, and does not say so: {answer.text}"
        content = declared.get("content", {})
        if answer.status_code == 204:
            assert not content
            assert not answer.content
            return
        media_type = answer.headers["content-type"]
        assert media_type in content, f"{told} answers {media_type}"
        if media_type == "application/json":
            _has_the_shape(answer.json(), content[media_type]["schema"], self.app.openapi()["components"]["schemas"])

    async def close(self) -> None:
        logger.remove(self._sink)
        await self.http.aclose()
        await self.container.auth_database().close()


async def changed(admin: Admin) -> list[Any]:
    """All that an administrator can change, and what is noted of it."""
    tables = ("client", "client_secret", "client_key", "audit", "revocation")
    async with admin.container.auth_database().reading() as reading:
        return [await reading.fetch(sql(f"SELECT * FROM {table} ORDER BY 1")) for table in tables]  # noqa: S608  of ours


def _fits(name: str, method: str, path: str) -> bool:
    said, _, template = name.partition(" ")
    pattern = "[^/]+".join(map(re.escape, PARAMETER.split(template)))
    return said == method and re.fullmatch(pattern, path) is not None


def _has_the_shape(value: Any, schema: Mapping[str, Any], named: Mapping[str, Any]) -> None:
    """An object has the members that its schema names and no others, all the way down."""
    if reference := schema.get("$ref"):
        _has_the_shape(value, named[reference.rpartition("/")[2]], named)
    elif schema.get("type") == "array":
        for item in value:
            _has_the_shape(item, schema["items"], named)
    elif schema.get("type") == "object" and "properties" in schema:
        assert set(value) == set(schema["properties"]), (
            f"{sorted(value)} is described as {sorted(schema['properties'])}"
        )
        for name, member in value.items():
            _has_the_shape(member, schema["properties"][name], named)


@pytest.fixture(scope="module")
async def admin(postgres: Server) -> AsyncIterator[Admin]:
    dsn = postgres.create("auth")
    world = Admin(dsn)
    await world.begin()
    yield world
    await world.close()
    postgres.drop(dsn)
