"""Clients that sign in with keys: what they sign, right or wrong."""

import base64
import hmac
import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from joserfc import jws
from joserfc.errors import SecurityWarning
from joserfc.jwk import ECKey, OctKey, OKPKey, RSAKey

from modules.auth.model.assertion import ASSERTION_TYPE
from modules.auth.port import ClientCreated
from modules.auth.service import Outcome, TokenRequest, read_request
from modules.kernel.ids import new_id
from tests.integration.auth_world import ISSUER, AuthWorld

Key = ECKey | RSAKey | OKPKey | OctKey

KEYS: Mapping[str, Key] = {
    "ES256": ECKey.generate_key("P-256"),
    "RS256": RSAKey.generate_key(2048),
    "EdDSA": OKPKey.generate_key("Ed25519"),
}


def public(key: Key) -> str:
    """The public part, in PEM."""
    return key.as_pem(private=False).decode()  # type: ignore[union-attr]  # an OctKey has none


def signed(claims: Mapping[str, Any] | bytes, key: Key, alg: str, **header: Any) -> str:
    """A compact JWS, whatever it says."""
    payload = claims if isinstance(claims, bytes) else json.dumps(claims).encode()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        return jws.serialize_compact({"alg": alg} | header, payload, key, algorithms=[alg])


def hashed(claims: Mapping[str, Any], secret: str) -> str:
    """A compact JWS whose signature is an HMAC under a text that everyone may know: no library writes it."""
    parts = ({"alg": "HS256"}, claims)
    said = b".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts)
    tag = base64.urlsafe_b64encode(hmac.digest(secret.encode(), said, "sha256")).rstrip(b"=")
    return b".".join((said, tag)).decode()


@dataclass(frozen=True)
class Signer:
    """A client with a key that auth knows."""

    world: AuthWorld
    client: ClientCreated
    key: Key
    alg: str

    @property
    def id(self) -> str:
        return str(self.client.client.id)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a good assertion says; a claim that is to be `None` is left out."""
        now = int(self.world.clock.now().timestamp())
        said = {"iss": self.id, "sub": self.id, "aud": ISSUER, "iat": now, "exp": now + 60, "jti": str(new_id())}
        return {name: value for name, value in (said | changes).items() if value is not None}

    def assertion(self, **changes: Any) -> str:
        return signed(self.claims(**changes), self.key, self.alg)

    def request(self, assertion: str, **form: str) -> TokenRequest:
        sent = {
            "grant_type": "client_credentials",
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        return read_request(urlencode(sent | form).encode(), [])

    async def ask(self, assertion: str | None = None, **form: str) -> Outcome:
        asked = self.request(self.assertion() if assertion is None else assertion, **form)
        return (await self.world.service.issue_tokens([asked]))[0]


async def signer(world: AuthWorld, alg: str = "ES256", key: Key | None = None) -> Signer:
    """A client that has one of these keys, and a secret."""
    key, client = key or KEYS[alg], await world.client()
    await world.service.add_key("test", client.client.id, public(key))
    return Signer(world, client, key, alg)
