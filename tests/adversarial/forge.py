"""Access tokens and assertions that say anything, signed with a key that is known there, with another, or not at all."""

import hashlib
import hmac
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.hashes import SHA256

from tests.adversarial.keys import ORDER, b64

GONE = object()
"""Takes a member away."""


def changed(members: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """These members, with changes; those that are `GONE` are not there."""
    return {name: value for name, value in {**members, **changes}.items() if value is not GONE}


@dataclass(frozen=True, slots=True)
class Forge:
    """Makes tokens for one service. `key` is the one with which the system itself signs now."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    kid: str
    issuer: str
    client: str
    audience: str
    scope: str
    family: str
    now: int = field(default_factory=lambda: int(time.time()))

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": "ES256", "typ": "at+jwt", "kid": self.kid}

    @property
    def claims(self) -> dict[str, Any]:
        about = {"iss": self.issuer, "sub": self.client, "client_id": self.client, "aud": self.audience}
        times = {"iat": self.now, "exp": self.now + 3600}
        return {**about, "scope": self.scope, **times, "jti": self.family, "fid": self.family, "gen": 1}

    @property
    def payload(self) -> bytes:
        """The claims as they are written."""
        return json.dumps(self.claims).encode()

    def good(self) -> str:
        """A token that opens the door."""
        return self.signed()

    def signed(
        self, claims: Mapping[str, Any] | bytes | None = None, header: Mapping[str, Any] | bytes | None = None
    ) -> str:
        """A token of these claims and this header, or of a good one's, signed with the system's key."""
        head, body = self.parts(claims, header)
        return f"{head}.{body}.{b64(self.signature(f'{head}.{body}'))}"

    def saying(self, **changes: Any) -> str:
        """A token signed with the system's key, good but for these claims."""
        return self.signed(changed(self.claims, changes))

    def headed(self, **changes: Any) -> str:
        """A token signed with the system's key, good but for these members of its header."""
        return self.signed(header=changed(self.header, changes))

    def parts(
        self, claims: Mapping[str, Any] | bytes | None = None, header: Mapping[str, Any] | bytes | None = None
    ) -> tuple[str, str]:
        """What is signed: header and payload."""
        return _part(self.header if header is None else header), _part(self.claims if claims is None else claims)

    def signature(self, text: str, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
        """ES256: two numbers of 32 bytes. Source: RFC 7518, 3.4."""
        first, second = self.numbers(text, key)
        return first.to_bytes(32, "big") + second.to_bytes(32, "big")

    def numbers(self, text: str, key: ec.EllipticCurvePrivateKey | None = None) -> tuple[int, int]:
        """The two numbers of a signature; the second is the lower one of the two that fit."""
        first, second = utils.decode_dss_signature((key or self.key).sign(text.encode(), ec.ECDSA(SHA256())))
        return first, min(second, ORDER - second)

    def hs256(self, secret: bytes, **header: Any) -> str:
        """A token with an HMAC in place of a signature."""
        head, body = self.parts(header=changed(self.header, {"alg": "HS256", **header}))
        return f"{head}.{body}.{b64(hmac.digest(secret, f'{head}.{body}'.encode(), hashlib.sha256))}"


@dataclass(frozen=True, slots=True)
class Oath(Forge):
    """Makes assertions of a client: `key` is the client's, `audience` where it signs in, `family` the assertion's id.

    `other` is another client, `secret` this one's secret.
    """

    other: str = ""
    secret: str = field(default="", repr=False)

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": "ES256", "typ": "JWT", "kid": self.kid}

    @property
    def claims(self) -> dict[str, Any]:
        about = {"iss": self.client, "sub": self.client, "aud": self.audience, "jti": self.family}
        return {**about, "iat": self.now, "exp": self.now + 60}


def _part(content: Mapping[str, Any] | bytes) -> str:
    return b64(content if isinstance(content, bytes) else json.dumps(content))
