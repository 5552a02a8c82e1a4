"""One access token, read without trusting it. Source: RFC 9068, 4; RFC 8725."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc.jwk import ECKey

from modules.kernel.ids import ClientId
from modules.kernel.jws import MAX_KID, Unusable, instant, read_header, read_payload, word
from modules.kernel.principal import Principal

ALGORITHM = "ES256"
TYPES = frozenset({"at+jwt", "application/at+jwt"})


class UnknownKey(Unusable):
    """The token names a key that is not known here."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say to be good here and now. `now` and `leeway_s` are in seconds."""

    issuer: str
    audience: str
    now: float
    leeway_s: float


def read_token(token: str, keys: Mapping[str, ECKey], expected: Expected) -> Principal:
    """Whom the token speaks of.

    Raises:
        Unusable: it is malformed, not signed by one of `keys`, over, or not for us.
        UnknownKey: the key that it names is none of `keys`.
    """
    key = _key(read_header(token), keys)
    return _principal(read_payload(token, key, ALGORITHM), expected)


def _key(header: Mapping[str, Any], keys: Mapping[str, ECKey]) -> ECKey:
    if header.get("alg") != ALGORITHM:
        raise Unusable("is signed in a way that is not accepted")
    if str(header.get("typ")).lower() not in TYPES:
        raise Unusable("is of another type")
    kid = header.get("kid")
    if not isinstance(kid, str) or len(kid) > MAX_KID:
        raise Unusable("names no key")
    if kid not in keys:
        raise UnknownKey("is signed with an unknown key")
    return keys[kid]


def _principal(claims: Mapping[str, Any], expected: Expected) -> Principal:
    # A future `iat` is no reason to refuse: clocks differ, and nothing is won by it.
    ends, _issued = instant(claims, "exp"), instant(claims, "iat")
    if claims.get("iss") != expected.issuer:
        raise Unusable("is from another issuer")
    if claims.get("aud") != expected.audience:
        raise Unusable("is for another service")
    if ends + expected.leeway_s <= expected.now:
        raise Unusable("has expired")
    if "nbf" in claims and instant(claims, "nbf") - expected.leeway_s > expected.now:
        raise Unusable("is not good yet")
    word(claims, "sub")
    return Principal(
        client_id=_client_id(claims),
        audience=expected.audience,
        scopes=frozenset(word(claims, "scope").split(" ")),  # nothing else parts them: RFC 6749, 3.3
        expires_at=datetime.fromtimestamp(ends, UTC),
        family=word(claims, "fid"),
        generation=_generation(claims),
        token_id=word(claims, "jti"),
    )


def _client_id(claims: Mapping[str, Any]) -> ClientId:
    """Whose token it is, in characters that can be stored: JSON can spell some that can't."""
    value = word(claims, "client_id")
    if not value.isprintable():
        raise Unusable("has no usable client_id")
    return ClientId(value)


def _generation(claims: Mapping[str, Any]) -> int:
    value = claims.get("gen")
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unusable("has no usable gen")
    return value
