"""Signed JSON, read without trusting it: access tokens, and what clients sign to say who they are.

Source: RFC 7515, 5.2 and 7.1; RFC 8725.
"""

import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.util import urlsafe_b64decode

MAX_LENGTH = 4096
MAX_KID = 128
ALGORITHMS = frozenset({"ES256", "RS256", "EdDSA", "Ed25519"})
"""Source: RFC 7518, 3.1; RFC 8037, 3.1; RFC 9864, 2.2."""
END_OF_TIME = 2**35  # in the year 3058: instants behind it are slips, and break arithmetic

# They would have the text choose its own key, or change what a signature means. Source: RFC 8725, 2.4 and 3.10.
REFUSED_HEADERS = frozenset({"crit", "jku", "jwk", "x5u", "x5c", "x5t", "x5t#S256", "b64", "zip", "enc", "epk"})

_BROKEN = (JoseError, ValueError, TypeError, OverflowError, OSError, RecursionError)

PublicKey = ECKey | RSAKey | OKPKey


class Unusable(Exception):
    """What was sent is no good. The text says why and repeats nothing of it; it follows a name: "… is malformed"."""


def read_header(text: str) -> Mapping[str, Any]:
    """What a compact JWS says of its signature; nothing of it is true yet.

    Raises:
        Unusable: it is malformed, too long, or would have its reader do something unusual.
    """
    if len(text) > MAX_LENGTH or not text.isascii():
        raise Unusable("is malformed")
    try:
        header = _object(urlsafe_b64decode(text.partition(".")[0].encode()))
    except _BROKEN as error:
        raise Unusable("is malformed") from error
    if REFUSED_HEADERS & header.keys():
        raise Unusable("is signed in a way that is not accepted")
    return header


def read_payload(text: str, key: PublicKey, algorithm: str) -> Mapping[str, Any]:
    """What a compact JWS says, signed by `key` with this very algorithm.

    Raises:
        Unusable: it is not signed like that, or is no JSON object whose members are each there once; or `algorithm` is
            none of those that prove anything with a public key.
    """
    if algorithm not in ALGORITHMS:
        raise Unusable("is signed in a way that is not accepted")
    try:
        with _known_by_its_old_name() if algorithm == "EdDSA" else nullcontext():
            return _object(jws.deserialize_compact(text, key, algorithms=[algorithm]).payload)
    except _BROKEN as error:
        raise Unusable("is malformed or its signature is wrong") from error


def read_unproven(text: str) -> Mapping[str, Any]:
    """What a compact JWS says, true or not: to find out whose signature is to be checked, and for nothing else.

    Raises:
        Unusable: it is malformed.
    """
    if len(text) > MAX_LENGTH or not text.isascii() or text.count(".") != 2:  # noqa: PLR2004  header, payload, signature
        raise Unusable("is malformed")
    try:
        return _object(urlsafe_b64decode(text.split(".")[1].encode()))
    except _BROKEN as error:
        raise Unusable("is malformed") from error


@contextmanager
def _known_by_its_old_name() -> Iterator[None]:
    """EdDSA has a new name, which clients don't know yet. Source: RFC 9864, 2.2."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)
        yield


def instant(claims: Mapping[str, Any], name: str) -> float:
    """A claim that is a moment, in seconds since 1970. Source: RFC 7519, 2.

    Raises:
        Unusable: it is not there, or no such number.
    """
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < END_OF_TIME:
        raise Unusable(f"has no usable {name}")
    return float(value)


def word(claims: Mapping[str, Any], name: str) -> str:
    """A claim that is a text with something in it.

    Raises:
        Unusable: it is not there, or no such text.
    """
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise Unusable(f"has no usable {name}")
    return value


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
