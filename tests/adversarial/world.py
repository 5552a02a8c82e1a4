"""A running system with clients of every kind, and the values that rows are filled with."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from app.container import Container
from app.operator import assembled
from modules.auth.port import ClientKind, audience_urn
from modules.kernel.ids import ClientId
from modules.kernel.principal import INTERNAL_SCOPE
from tests.adversarial.forge import Forge, Oath
from tests.adversarial.keys import PrivateKey, clients_key, ed25519_key, pem, retired_key, rsa_key
from tests.adversarial.oaths import Swearer
from tests.adversarial.row import ROUTES, Row
from tests.adversarial.tokens import Client, Fresh, Fresher
from tests.system.running import Running

TIMEOUT_S = 30.0
CLIENTS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "shop": (("sales",), "orders:read orders:write"),
    "other": (("sales",), "orders:read orders:write"),
    "reader": (("sales",), "orders:read"),
    "cataloguer": (("product",), "catalogue:read stock:write"),
    "warehouse": (("delivery",), "shipments:read shipments:write"),
    "operator": (("ops",), "ops:read ops:write"),
    "introspector": (("auth",), "auth:introspect"),
    "administrator": (("auth",), "auth:admin"),
    "wide": (("sales", "product"), "orders:read catalogue:read"),
    "disabled": (("sales",), "orders:read"),
    "returned": (("sales",), "orders:read"),
    "signer": (("sales",), "orders:read"),
    "signer by rsa": (("sales",), "orders:read"),
    "signer by edwards": (("sales",), "orders:read"),
    "disabled signer": (("sales",), "orders:read"),
    "service": (("product", "delivery", "auth"), "internal:call"),
}
TOKENS = {
    "a customer": ("shop", "sales"),
    "a reader": ("reader", "sales"),
    "a cataloguer": ("cataloguer", "product"),
    "a warehouse": ("warehouse", "delivery"),
    "an operator": ("operator", "ops"),
    "an administrator": ("administrator", "auth"),
    "who may ask about tokens": ("introspector", "auth"),
    "a client of two services, for sales": ("wide", "sales"),
    "a client of two services, for product": ("wide", "product"),
    **{f"a service of ours for {where}": ("service", where) for where in ("product", "delivery", "auth")},
}
KEYS: Mapping[str, Callable[[], PrivateKey]] = {
    "signer": clients_key,
    "signer by rsa": partial(rsa_key, 2048),
    "signer by edwards": ed25519_key,
    "disabled signer": clients_key,
}
WRITES = {
    "auth": "/auth/token",
    "sales": "/api/v1/orders",
    "delivery": f"/api/v1/shipments/{uuid4()}/status",
    "product": "/api/v1/stock/TEA/movements",
}
PLACE = re.compile(r"<([a-z ,']+)>")


@dataclass
class World:
    """The clients, and what makes tokens. `shown` collects every secret that was sent."""

    system: Running
    key: ec.EllipticCurvePrivateKey = field(repr=False)
    kid: str
    issuer: str
    clients: Mapping[str, Client] = field(repr=False)
    kids: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict, repr=False)
    shown: set[str] = field(default_factory=set, repr=False)

    async def fill(self, text: str, row: Row, service: str) -> str:
        """The text with a value for each `<…>`."""
        filled, last = "", 0
        for place in PLACE.finditer(text):
            filled += text[last : place.start()] + await self._value(place[1], row, service)
            last = place.end()
        return filled + text[last:]

    async def _value(self, name: str, row: Row, service: str) -> str:
        told = self._told(service)
        if name in told:
            return told[name]
        if name == "token" and row.make is not None:
            secret = row.make(self.oath(row.who) if row.who else self.forger(service))
        elif name in self.values:
            secret = self.values[name]
        else:
            secret = await self._fresh()[name]()
        self.shown.add(secret)
        return secret

    def _fresh(self) -> Mapping[str, Fresh]:
        fresher = Fresher(self.clients["shop"], self.clients["signer"], lambda: self.forger("sales"))
        return {**fresher.makers(), **Swearer(self.clients["shop"].http, self.oath).makers()}

    def _told(self, service: str) -> Mapping[str, str]:
        """What is no secret."""
        route, scope = ROUTES[service]
        shop = self.clients["shop"].id
        return {
            **{name: client.id for name, client in self.clients.items()},
            "shop tail": shop[1:],
            "loud shop": shop.upper(),
            "loud signer": self.clients["signer"].id.upper(),
            "dense shop": shop.replace("-", ""),
            "asked": service,
            "route": route,
            "route with query": f"{route}{'&' if '?' in route else '?'}",
            "scope": scope,
            "write": WRITES[service],
        }

    def forger(self, service: str) -> Forge:
        """What makes tokens for `service`, as of now."""
        audience, scope = audience_urn(service), ROUTES[service][1]
        return Forge(self.key, self.kid, self.issuer, self.clients["shop"].id, audience, scope, str(uuid4()))

    def oath(self, who: str, jti: str | None = None) -> Oath:
        """What makes assertions of a client, as of now."""
        client, other = self.clients[who], self.clients["shop"].id
        about = (self.issuer, client.id, self.issuer, "", jti or str(uuid4()))
        return Oath(clients_key(), self.kids[who], *about, other=other, secret=client.secret)


@asynccontextmanager
async def inhabited(system: Running) -> AsyncIterator[World]:
    """The world on a system that runs, with everything in it that rows need."""
    async with (
        assembled(system.data) as container,
        httpx.AsyncClient(base_url=system.run.url("auth"), timeout=TIMEOUT_S) as http,
    ):
        clients = {name: await _client(container, http, name) for name in CLIENTS}
        key = await container.auth()._keyring.active()
        private = key.private_key
        assert isinstance(private, ec.EllipticCurvePrivateKey)
        issuer = (await http.get("/.well-known/oauth-authorization-server")).json()["issuer"]
        world = World(system, private, str(key.kid), issuer, clients)
        await _values(world, container)
        yield world


async def _client(container: Container, http: httpx.AsyncClient, name: str) -> Client:
    audiences, scopes = CLIENTS[name]
    kind = ClientKind.SERVICE if scopes == INTERNAL_SCOPE else ClientKind.CUSTOMER
    created = await container.auth().create_client("test", name, scopes.split(), audiences, kind)
    return Client(http, str(created.client.id), created.client_secret)


async def _values(world: World, container: Container) -> None:
    values = world.values
    await _new_secret(world, container)
    values |= {f"{name} secret": client.secret for name, client in world.clients.items()}
    secret = values["secret"] = values["shop secret"]
    values |= {"secret tail": secret[4:], "short secret": secret[:-1], "loud secret": secret.upper()}
    for name, (who, where) in TOKENS.items():
        values[f"token of {name}"] = (await world.clients[who].begin(resource=audience_urn(where)))["access_token"]
    await _keys(world, container)
    returned = world.clients["returned"]
    before = await returned.begin()
    values |= {"token from before": before["access_token"], "refresh from before": before["refresh_token"]}
    await container.auth().disable_client("test", ClientId(world.clients["disabled"].id))
    await container.auth().disable_client("test", ClientId(returned.id))
    await container.auth().enable_client("test", ClientId(returned.id))
    await _revocations(world)


async def _keys(world: World, container: Container) -> None:
    """Give those who sign their keys, and take one back."""
    auth = container.auth()
    for who, key in KEYS.items():
        detail = await auth.add_key("test", ClientId(world.clients[who].id), pem(key()).decode())
        world.kids[who] = detail.keys[0].kid
    signer = ClientId(world.clients["signer"].id)
    added = await auth.add_key("test", signer, pem(retired_key()).decode())
    (old,) = (key.id for key in added.keys if key.kid != world.kids["signer"])
    await auth.retire_key("test", signer, old)
    await auth.disable_client("test", ClientId(world.clients["disabled signer"].id))


async def _new_secret(world: World, container: Container) -> None:
    """Give the shop another secret, and retire its first."""
    auth, shop = container.auth(), world.clients["shop"]
    first = (await auth.show_client(ClientId(shop.id))).secrets[0].id
    second = await auth.rotate_secret("test", ClientId(shop.id))
    await auth.retire_secret("test", ClientId(shop.id), first)
    world.values["retired secret"] = shop.secret
    world.clients = {**world.clients, "shop": Client(shop.http, shop.id, second.client_secret)}


async def _revocations(world: World) -> None:
    """Revoke tokens, and wait until sales has heard of it."""
    shop = world.clients["shop"]
    for name, given_back in (("revoked token", "access_token"), ("token whose family was revoked", "refresh_token")):
        tokens = await shop.begin()
        await shop.revoke(tokens[given_back])
        world.values[name] = tokens["access_token"]
    gone = ("token from before", "revoked token", "token whose family was revoked")
    async with httpx.AsyncClient(base_url=world.system.run.url("sales"), timeout=TIMEOUT_S) as sales:
        async with asyncio.timeout(TIMEOUT_S):
            while not all([await _refused(sales, world.values[name]) for name in gone]):
                pass


async def _refused(sales: httpx.AsyncClient, token: str) -> bool:
    answer = await sales.get(ROUTES["sales"][0], headers={"Authorization": f"Bearer {token}"})
    return answer.status_code == httpx.codes.UNAUTHORIZED
