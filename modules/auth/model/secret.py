"""Secrets that we generate, and what is kept to recognise them.

They have 256 bits of chance in them, so a fast hash is enough: nobody guesses them, however quick each guess.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

LIVE_SECRETS = 2
MIN_PEPPER_BYTES = 32

# Searchable, so that scanners find a leaked one. Source: RFC 8959 has the same thought.
CLIENT_SECRET_PREFIX = "wbs_"  # noqa: S105  what a secret begins with is none
REFRESH_TOKEN_PREFIX = "wbr_"  # noqa: S105


def new_client_secret() -> str:
    """A secret of 256 bits in characters that need no encoding in a form, a URL or a Basic header."""
    return CLIENT_SECRET_PREFIX + secrets.token_urlsafe(32)


def new_refresh_token() -> str:
    """A refresh token of 256 bits. Source: RFC 6749, 10.10."""
    return REFRESH_TOKEN_PREFIX + secrets.token_urlsafe(32)


def refresh_digest(token: str) -> bytes:
    """What is kept of a refresh token."""
    return hashlib.sha256(token.encode()).digest()


@dataclass(frozen=True, slots=True)
class StoredSecret:
    """What is kept of a client's secret: its HMAC, and the version of the pepper it was made under."""

    id: UUID
    digest: bytes
    pepper_version: int


# Takes the place of secrets that a client has not. Only its cost matters: chance never makes an HMAC of it.
_NOBODYS = StoredSecret(UUID(int=0), secrets.token_bytes(32), 0)


@dataclass(frozen=True, slots=True)
class Peppers:
    """The keys under which client secrets are kept; none of them is in the database. New secrets use `current`."""

    current: int
    by_version: Mapping[int, bytes] = field(repr=False)

    def __post_init__(self) -> None:
        if self.current not in self.by_version:
            raise ValueError("there is no pepper of the current version")
        if any(len(pepper) < MIN_PEPPER_BYTES for pepper in self.by_version.values()):
            raise ValueError(f"a pepper has at least {MIN_PEPPER_BYTES} bytes")

    def digest(self, secret: str, version: int) -> bytes:
        """HMAC-SHA-256 of `secret`; a version that is no longer known recognises nothing, at the same cost."""
        pepper = self.by_version.get(version, self.by_version[self.current])
        return hmac.digest(pepper, secret.encode(), "sha256")

    def recognise(self, secret: str, stored: Sequence[StoredSecret]) -> StoredSecret | None:
        """The stored secret that `secret` is, if any.

        An unknown client costs the same as a known one with two secrets, so time tells nothing.
        """
        found = None
        for slot in range(LIVE_SECRETS):
            candidate = stored[slot] if slot < len(stored) else _NOBODYS
            same = hmac.compare_digest(self.digest(secret, candidate.pepper_version), candidate.digest)
            if same and candidate.pepper_version in self.by_version:
                found = candidate
        return found
