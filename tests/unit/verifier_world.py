"""A token service of our own making, to forge tokens with."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey

from app.verifier import LocalVerifier
from modules.auth.port import Revocation, RevocationPage, VerificationKey
from modules.kernel.errors import NotReached

ISSUER = "https://auth.example"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADER = {"alg": "ES256", "typ": "at+jwt", "kid": "one"}


class StoppedClock:
    """Stands still until it is moved. `steady` runs with it."""

    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at

    def steady(self) -> float:
        return self.at.timestamp()

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class FakeAuth:
    """`AuthPort` by hand: says what it is told to say, and counts."""

    signing: Sequence[VerificationKey]
    revoked: list[Revocation] = field(default_factory=list)
    page: int = 1000
    away: bool = False
    asked_keys: int = 0
    asked_revocations: int = 0

    async def keys(self) -> Sequence[VerificationKey]:
        self._answer()
        self.asked_keys += 1
        return self.signing

    async def revocations(self, after: int) -> RevocationPage:
        self._answer()
        self.asked_revocations += 1
        items = tuple(one for one in self.revoked if one.sequence > after)[: self.page]
        return RevocationPage(items, complete=len(items) < self.page)

    def _answer(self) -> None:
        if self.away:
            raise NotReached("auth is away")


def verification_key(key: ECKey, kid: str) -> VerificationKey:
    public = key.as_dict(private=False)
    return VerificationKey(kid, str(public["x"]), str(public["y"]))


class World:
    """A verifier, the auth that it follows, and the key that auth signs with."""

    def __init__(self, remembered: int = 100, leeway_s: float = 10, silent_s: float = math.inf) -> None:
        self.clock = StoppedClock()
        self.key = ECKey.generate_key("P-256")
        self.auth = FakeAuth([verification_key(self.key, "one")])
        self.verifier = LocalVerifier(
            ISSUER, leeway_s, self.clock, remembered=remembered, steady=self.clock.steady, silent_s=silent_s
        )

    async def learn(self) -> None:
        await self.verifier.learn(self.auth)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good claims, changed; a change to `None` leaves the claim out."""
        now = int(self.clock.now().timestamp())
        claims = {
            "iss": ISSUER,
            "sub": "client",
            "client_id": "client",
            "aud": "urn:waybill:sales",
            "scope": "orders:read orders:write",
            "iat": now,
            "exp": now + 300,
            "jti": "token",
            "fid": "00000000-0000-0000-0000-000000000001",
            "gen": 1,
        } | changes
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, **changes: Any) -> str:
        return self.signed(self.claims(**changes))

    def signed(self, claims: Mapping[str, Any] | bytes, **header: Any) -> str:
        from orjson import dumps

        payload = claims if isinstance(claims, bytes) else dumps(claims)
        named = {name: value for name, value in (HEADER | header).items() if value is not None}
        return jws.serialize_compact(named, payload, self.key, algorithms=["ES256"])
