"""What a token is good for, and what is written down when one is issued."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from modules.auth.model.secret import StoredSecret, new_refresh_token, refresh_digest
from modules.auth.port import ClientKind, audience_urn
from modules.kernel.ids import new_id

# Longer than any access token lives and any two clocks differ: until then a revocation is worth knowing.
REMEMBERED = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Drawn:
    """All that is chance in one answer, drawn before anything is stored.

    So issuing is repeatable: an attempt whose COMMIT was answered by silence stores and answers the same again.
    """

    attempt: UUID = field(default_factory=new_id)
    family: UUID = field(default_factory=new_id)
    jti: UUID = field(default_factory=new_id)
    refresh_token: str = field(default_factory=new_refresh_token, repr=False)


@dataclass(frozen=True, slots=True)
class Terms:
    """Who issues, and how long things live. A family ends when its time is over, however often it was refreshed.

    `leeway` is by how much clocks may differ, `key_life` how long a key signs, `families` how many of a client's are
    kept: beyond that, those that were not used for longest are given up.
    """

    issuer: str
    access_ttl: timedelta = timedelta(minutes=5)
    service_ttl: timedelta = timedelta(hours=1)
    refresh_ttl: timedelta = timedelta(days=30)
    leeway: timedelta = timedelta(seconds=10)
    key_life: timedelta = timedelta(days=90)
    families: int = 1000

    @property
    def token_endpoint(self) -> str:
        """Where tokens are to be had, as the world outside knows it."""
        return f"{self.issuer}/auth/token"

    def access_ttl_of(self, kind: ClientKind) -> timedelta:
        """How long an access token of such a client lives."""
        return self.service_ttl if kind is ClientKind.SERVICE else self.access_ttl


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client as the token endpoint knows it, with what recognises its live secrets."""

    id: UUID
    kind: ClientKind
    scopes: tuple[str, ...]
    audiences: tuple[str, ...]
    generation: int
    disabled: bool
    secrets: tuple[StoredSecret, ...] = field(repr=False)
    unnoticed: frozenset[UUID] = frozenset()
    """Live secrets whose last use was noted long ago or never."""


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A refresh token that someone showed, with its family."""

    digest: bytes = field(repr=False)
    consumed_by: UUID | None
    family: UUID
    client_id: UUID
    generation: int
    scopes: tuple[str, ...]
    audience: str
    expires_at: datetime
    revoked: bool

    def alive(self, client: KnownClient, now: datetime) -> bool:
        """Whether the family may still be refreshed, by this client."""
        mine = self.client_id == client.id and self.generation == client.generation
        return mine and not self.revoked and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Issue:
    """Tokens that a request is to get, once it is stored. `spends` is the refresh token given for them."""

    client: KnownClient
    family: UUID
    scopes: tuple[str, ...]
    family_scopes: tuple[str, ...]
    audience: str
    drawn: Drawn
    at: datetime
    access_expires_at: datetime
    family_expires_at: datetime
    spends: bytes | None = field(default=None, repr=False)

    @property
    def expires_in(self) -> int:
        """Seconds that the access token lives."""
        return int((self.access_expires_at - self.at).total_seconds())

    def row(self) -> dict[str, Any]:
        """What is stored of it."""
        return {
            "attempt": self.drawn.attempt,
            "family": self.family,
            "client": self.client.id,
            "generation": self.client.generation,
            "scopes": self.family_scopes,
            "audience": self.audience,
            "family_expires_at": self.family_expires_at,
            "digest": refresh_digest(self.drawn.refresh_token).hex(),
            "jti": self.drawn.jti,
            "access_expires_at": self.access_expires_at,
            "spends": self.spends and self.spends.hex(),
        }

    def claims(self, issuer: str) -> dict[str, Any]:
        """What the access token says. Source: RFC 9068, 2.2; `fid` and `gen` are ours, for revocation."""
        return {
            "iss": issuer,
            "sub": str(self.client.id),
            "client_id": str(self.client.id),
            "aud": audience_urn(self.audience),
            "scope": " ".join(self.scopes),
            "iat": int(self.at.timestamp()),
            "exp": int(self.access_expires_at.timestamp()),
            "jti": str(self.drawn.jti),
            "fid": str(self.family),
            "gen": self.client.generation,
        }
