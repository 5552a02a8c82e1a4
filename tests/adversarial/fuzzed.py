"""Auth and sales in this process, for tests that send a lot: without a socket, and without limits."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives.asymmetric import ec

from app.container import Container
from app.settings import load_settings
from modules.auth.port import ClientKind
from modules.kernel.ids import ClientId
from tests.adversarial.forge import Forge, Oath
from tests.adversarial.keys import clients_key, pem
from tests.integration.http_world import MONOLITH, SECRETS, Api, opened

FORM = "application/x-www-form-urlencoded"
ENDPOINTS = ("/auth/token", "/auth/revoke", "/auth/introspect")
NO_LIMITS = {"WAYBILL_LIMITS__ENABLED": "false"}
ERRORS = {
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
    "invalid_target",
}
"""Source: RFC 6749, 5.2; RFC 8707, 2."""


@dataclass(frozen=True)
class Target:
    """The application, and a client of it that has a secret and a key."""

    api: Api
    client: str
    secret: str
    key: ec.EllipticCurvePrivateKey
    kid: str
    clients_kid: str

    @property
    def issuer(self) -> str:
        return self.api.container.settings().tokens.issuer

    def forger(self) -> Forge:
        """What makes access tokens for sales, as of now."""
        return Forge(self.key, self.kid, self.issuer, self.client, "urn:waybill:sales", "orders:read", str(uuid4()))

    def oath(self) -> Oath:
        """What makes assertions, as of now."""
        return Oath(clients_key(), self.clients_kid, self.issuer, self.client, self.issuer, "", str(uuid4()))

    async def post(
        self, path: str, content: bytes, headers: Mapping[bytes, bytes] | None = None, media_type: bytes = FORM.encode()
    ) -> httpx.Response:
        """Send bytes as they are."""
        given = {b"Content-Type": media_type, **(headers or {})}
        return await self.api.http.post(path, content=content, headers=list(given.items()))


@asynccontextmanager
async def target(dsns: Mapping[str, str]) -> AsyncIterator[Target]:
    """The application on these databases."""
    databases = {f"WAYBILL_DATABASES__{module.upper()}": dsn for module, dsn in dsns.items()}
    container = Container(settings=load_settings(MONOLITH, SECRETS | NO_LIMITS | databases))
    api = await opened(container)
    auth = container.auth()
    created = await auth.create_client("test", "fuzz", ["orders:read"], ["sales"], ClientKind.CUSTOMER)
    detail = await auth.add_key("test", ClientId(created.client.id), pem(clients_key()).decode())
    signing = await auth._keyring.active()
    private: Any = signing.private_key
    yield Target(api, str(created.client.id), created.client_secret, private, str(signing.kid), detail.keys[0].kid)
    await api.close()


def is_fine(answer: httpx.Response) -> bool:
    """Whether an answer is one of those that OAuth has for a form: tokens, nothing, or a refusal by its name."""
    if answer.headers.get("Cache-Control") != "no-store":
        return False
    if answer.status_code == httpx.codes.OK:
        return True
    return answer.status_code in {400, 401, 415} and answer.json()["error"] in ERRORS
