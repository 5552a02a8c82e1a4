"""What a client signs to say who it is. Source: RFC 7523, 3; RFC 9700, 2.5."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from modules.auth.model.client_key import StoredKey, nobodys_keys
from modules.kernel.jws import Unusable, instant, read_header, read_payload, word

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_LIFE_S = 3600
MAX_JTI = 255

# Source: RFC 7523, 2.2, says JWT; the draft that succeeds it gives assertions a type of their own.
_TYPES = frozenset({"jwt", "client-authentication+jwt"})
KINDS = {"ES256": "ES256", "RS256": "RS256", "EdDSA": "EdDSA", "Ed25519": "EdDSA"}
"""The algorithms that an assertion may name, each with what a key for it is called. Source: RFC 9864, 2.2."""

_NOBODYS = nobodys_keys()


@dataclass(frozen=True, slots=True)
class Assertion:
    """What a client signed: by which key, and what is to be used up. `jti` is good once until `expires_at`."""

    key: StoredKey
    jti: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Asserted:
    """What an assertion must say. `now` and `leeway_s` are in seconds."""

    client_id: str
    audiences: Collection[str]
    now: float
    leeway_s: float


def read_assertion(text: str, keys: Sequence[StoredKey], asserted: Asserted) -> Assertion:
    """The assertion of a client that has `keys`.

    An unknown client costs about the same as a known one.

    Raises:
        Unusable: it is malformed, not signed by one of `keys`, over, not for us, or speaks of another client.
    """
    header = read_header(text)
    if str(header.get("typ", "JWT")).lower() not in _TYPES:
        raise Unusable("is of another type")
    kind = KINDS.get(str(header.get("alg")))
    if kind is None:
        raise Unusable("is signed in a way that is not accepted")
    fitting = [key for key in keys if key.algorithm == kind and header.get("kid", key.kid) == key.kid]
    for key in fitting or [_NOBODYS[kind]]:
        try:
            claims = read_payload(text, key.key, header["alg"])
        except Unusable:
            continue
        if key in fitting:
            return _checked(key, claims, asserted)
    raise Unusable("is signed by none of the client's keys")


def _checked(key: StoredKey, claims: Mapping[str, Any], asserted: Asserted) -> Assertion:
    if claims.get("iss") != asserted.client_id or claims.get("sub") != asserted.client_id:
        raise Unusable("speaks of another client")
    audience = claims.get("aud")
    if isinstance(audience, list) and len(audience) == 1:
        audience = audience[0]
    if not isinstance(audience, str) or audience not in asserted.audiences:
        raise Unusable("is for another audience")
    ends, now, leeway = instant(claims, "exp"), asserted.now, asserted.leeway_s
    if ends + leeway <= now:
        raise Unusable("has expired")
    if ends > now + MAX_LIFE_S + leeway:
        raise Unusable("lives too long")
    if any(name in claims and instant(claims, name) > now + leeway for name in ("nbf", "iat")):
        raise Unusable("is not good yet")
    jti = word(claims, "jti")
    if len(jti) > MAX_JTI or not jti.isprintable():  # a lone surrogate can be written in JSON, and nowhere else
        raise Unusable("has no usable jti")
    return Assertion(key, jti, datetime.fromtimestamp(ends + leeway, UTC))
