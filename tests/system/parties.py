"""Who talks to the system: clients of every kind, each with a token, over HTTP."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.oauth2.rfc7523.assertion import private_key_jwt_sign  # type: ignore[import-untyped]
from joserfc.jwk import ECKey

from app.operator import Operator, operating
from app.service_key import new_service_key
from modules.auth.model.assertion import ASSERTION_TYPE
from modules.auth.port import ClientKind
from modules.kernel.ids import service_id
from modules.product.port import NewProduct
from tests.system.running import Running

TIMEOUT_S = 30.0
PARTIES: Mapping[str, tuple[str, str]] = {
    "shop": ("sales", "orders:read orders:write"),
    "other_shop": ("sales", "orders:read orders:write"),
    "reader": ("sales", "orders:read"),
    "writer": ("sales", "orders:write"),
    "warehouse": ("delivery", "shipments:read shipments:write"),
    "watcher": ("delivery", "shipments:read"),
    "handler": ("delivery", "shipments:write"),
    "cataloguer": ("product", "catalogue:read catalogue:write stock:write"),
    "browser": ("product", "catalogue:read"),
    "stocker": ("product", "stock:write"),
    "introspector": ("auth", "auth:introspect"),
}
KEYS = {module: new_service_key() for module in ("sales", "delivery")}
SERVICES = {f"WAYBILL_SERVICES__{module.upper()}": key for module, key in KEYS.items()}
"""What a system is started with in which these sign in as themselves."""

CATALOGUE = (
    NewProduct("TEA", "Tea", 450, "EUR", 1_000_000),
    NewProduct("MUG", "Mug, blue", 1250, "EUR", 1000),
    NewProduct("GOLD", "Gold", 10**12, "EUR", 10**12),
    NewProduct("SOCKS", "Socks", 900, "USD", 100),
    NewProduct("RARE", "The last one", 99, "EUR", 1),
)
SHIP_TO = {"name": "Maria Anders", "line1": "Obere Str. 57", "city": "Berlin", "country": "DE"}


@dataclass(frozen=True)
class Party:
    """A client with its credentials, its token and its connections."""

    http: httpx.AsyncClient
    client_id: str
    client_secret: str
    token: str
    refresh_token: str

    async def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"} | dict(request.pop("headers", {}))
        return await self.http.request(method, path, headers=headers, **request)

    async def order(self, key: str | None = None, /, **quantities: int) -> httpx.Response:
        """Place an order over so many of each SKU."""
        headers = {} if key is None else {"Idempotency-Key": key}
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]
        body = {"lines": lines, "ship_to": SHIP_TO}
        return await self.ask("POST", "/api/v1/orders", json=body, headers=headers)


async def admit(
    operator: Operator,
    http: httpx.AsyncClient,
    name: str,
    audience: str,
    scopes: str,
    *,
    at: httpx.AsyncClient | None = None,
) -> Party:
    """Register a client and get it a token; it talks to whoever it got that from, or to another service."""
    created = await operator.auth.create_client("test", name, scopes.split(), [audience], ClientKind.CUSTOMER)
    credentials = (str(created.client.id), created.client_secret)
    answer = await http.post("/auth/token", data={"grant_type": "client_credentials"}, auth=credentials)
    told = answer.raise_for_status().json()
    return Party(at or http, *credentials, told["access_token"], told["refresh_token"])


async def service(http: httpx.AsyncClient, module: str) -> Party:
    """A module of ours, with a token for product."""
    id_ = str(service_id(module))
    assertion = private_key_jwt_sign(ECKey.import_key(KEYS[module]), id_, str(http.base_url).rstrip("/"), alg="ES256")
    form = {
        "grant_type": "client_credentials",
        "resource": "urn:waybill:product",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    told = (await http.post("/auth/token", data=form)).raise_for_status().json()
    return Party(http, id_, "", told["access_token"], told["refresh_token"])


@asynccontextmanager
async def admitted(system: Running) -> AsyncIterator[Mapping[str, Party]]:
    """The parties, and a catalogue with stock."""
    async with (
        operating(system.data) as operator,
        httpx.AsyncClient(base_url=system.url, timeout=TIMEOUT_S) as http,
    ):
        await operator.product.import_products("test", CATALOGUE)
        parties = {name: await admit(operator, http, name, *rights) for name, rights in PARTIES.items()}
        yield {**parties, **{module: await service(http, module) for module in ("sales", "delivery")}}
