"""One access token, read without trusting it. Source: RFC 9068, 4; RFC 8725."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.util import urlsafe_b64decode

from modules.kernel.ids import ClientId
from modules.kernel.principal import Principal

ALGORITHM = "ES256"
TYPES = frozenset({"at+jwt", "application/at+jwt"})
MAX_TOKEN = 4096
MAX_KID = 128
END_OF_TIME = 2**35  # in the year 3058: instants behind it are slips, and break arithmetic

# They would have the token choose its own key, or change what a signature means. Source: RFC 8725, 2.4 and 3.10.
REFUSED_HEADERS = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "b64", "zip", "enc", "epk"})

_BROKEN = (JoseError, ValueError, TypeError, OverflowError, OSError, RecursionError)


class Unusable(Exception):
    """The token is no good. The text says why and repeats nothing of it."""


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
    if len(token) > MAX_TOKEN or not token.isascii():
        raise Unusable("The access token is malformed.")
    try:
        key = _key(_object(urlsafe_b64decode(token.partition(".")[0].encode())), keys)
        claims = _object(jws.deserialize_compact(token, key, algorithms=[ALGORITHM]).payload)
        return _principal(claims, expected)
    except _BROKEN as error:
        raise Unusable("The access token is malformed or its signature is wrong.") from error


def _key(header: Mapping[str, Any], keys: Mapping[str, ECKey]) -> ECKey:
    if header.get("alg") != ALGORITHM or REFUSED_HEADERS & header.keys():
        raise Unusable("The access token is signed in a way that is not accepted.")
    if str(header.get("typ")).lower() not in TYPES:
        raise Unusable("This is no access token.")
    kid = header.get("kid")
    if not isinstance(kid, str) or len(kid) > MAX_KID:
        raise Unusable("The access token names no key.")
    if kid not in keys:
        raise UnknownKey("The access token is signed with an unknown key.")
    return keys[kid]


def _principal(claims: Mapping[str, Any], expected: Expected) -> Principal:
    # A future `iat` is no reason to refuse: clocks differ, and nothing is won by it.
    ends, _issued = _instant(claims, "exp"), _instant(claims, "iat")
    if claims.get("iss") != expected.issuer:
        raise Unusable("The access token is from another issuer.")
    if claims.get("aud") != expected.audience:
        raise Unusable("The access token is for another service.")
    if ends + expected.leeway_s <= expected.now:
        raise Unusable("The access token has expired.")
    if "nbf" in claims and _instant(claims, "nbf") - expected.leeway_s > expected.now:
        raise Unusable("The access token is not good yet.")
    _text(claims, "sub")
    return Principal(
        client_id=ClientId(_text(claims, "client_id")),
        audience=expected.audience,
        scopes=frozenset(_text(claims, "scope").split()),
        expires_at=datetime.fromtimestamp(ends, UTC),
        family=_text(claims, "fid"),
        generation=_generation(claims),
        token_id=_text(claims, "jti"),
    )


def _object(text: bytes) -> dict[str, Any]:
    read = json.loads(text.decode(), object_pairs_hook=_once, parse_constant=_no_constant)
    if not isinstance(read, dict):
        raise TypeError("not a JSON object")
    return read


def _once(members: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose members are each there once: of two, another reader may take the other. Source: RFC 8725, 3.10."""
    read = dict(members)
    if len(read) != len(members):
        raise ValueError("a member is given twice")
    return read


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON")


def _instant(claims: Mapping[str, Any], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < END_OF_TIME:
        raise Unusable(f"The access token has no usable {name}.")
    return float(value)


def _text(claims: Mapping[str, Any], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise Unusable(f"The access token has no usable {name}.")
    return value


def _generation(claims: Mapping[str, Any]) -> int:
    value = claims.get("gen")
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unusable("The access token has no usable gen.")
    return value
