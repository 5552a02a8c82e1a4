"""Credentials that nobody should accept: some signed with the very key of the running system."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from joserfc import jws
from joserfc.jwk import ECKey, OctKey

from app.database import open_database
from app.secrets_file import read_secrets
from modules.auth.model.secret import Peppers
from modules.auth.model.token import Terms
from modules.auth.service import AuthService, read_request
from modules.auth.service.issuing import TokenAnswer
from tests.system.parties import Party
from tests.system.running import Running


@dataclass(frozen=True)
class EarlierClock:
    """Shows the time as it was."""

    hours: float

    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(hours=self.hours)


async def forgeries(system: Running, shop: Party) -> Mapping[str, str | None]:
    """Values of the header `Authorization` by what is wrong with them."""
    head, claims, signature = shop.token.split(".")
    richer = _part(_read(claims) | {"scope": "orders:read orders:write internal:call"})
    other_key = ECKey.generate_key("P-256")
    tokens = {
        "one word": "hello",
        "three words": "a.b.c",
        "expired": await issued_elsewhere(system, shop, system.url, hours=3),
        "another issuer's": await issued_elsewhere(system, shop, "https://auth.example", hours=0),
        "tampered claims": f"{head}.{richer}.{signature}",
        "tampered signature": f"{head}.{claims}.{'A' * len(signature)}",
        "unsigned": f"{head}.{claims}.",
        "signed by nobody": f"{_part({'alg': 'none', 'typ': 'at+jwt'})}.{claims}.",
        "signed with the public key": _signed(_read(head) | {"alg": "HS256"}, claims, OctKey.import_key(b"k" * 32)),
        "a refresh token": shop.refresh_token,
        "no access token": f"{_part(_read(head) | {'typ': 'JWT'})}.{claims}.{signature}",
        "too long": "x" * 5000,
        "of another key": _signed(_read(head), claims, other_key),
        "two tokens": f"{shop.token} {shop.token}",
        "not ASCII": "tökén",
    }
    return {name: f"Bearer {token}" for name, token in tokens.items()} | {
        "no token": None,
        "another scheme": f"Basic {shop.token}",
        "an empty token": "Bearer",
    }


async def issued_elsewhere(system: Running, party: Party, issuer: str, *, hours: float) -> str:
    """A token of the system's own making, made that long ago, or in another name."""
    secrets, database = read_secrets(system.data), open_database("auth", system.run.databases["auth"], pool_size=1)
    service = AuthService(
        database,
        peppers=Peppers(1, {1: secrets.pepper.encode()}),
        key_encryption_key=secrets.key_encryption_key.encode(),
        terms=Terms(issuer),
        clock=EarlierClock(hours),
    )
    form = {"grant_type": "client_credentials", "client_id": party.client_id, "client_secret": party.client_secret}
    try:
        (answer,) = await service.issue_tokens([read_request(urlencode(form).encode(), [])])
    finally:
        await database.close()
    assert isinstance(answer, TokenAnswer), answer
    return answer.access_token


def _read(part: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return read


def _part(content: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _signed(header: Mapping[str, Any], claims: str, key: ECKey | OctKey) -> str:
    payload = json.dumps(_read(claims)).encode()
    return jws.serialize_compact(dict(header), payload, key, algorithms=[header["alg"]])
