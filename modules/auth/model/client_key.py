"""Public keys by which clients sign in."""

import base64
import secrets
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey, import_key

from modules.auth.model.secret import LIVE_SECRETS
from modules.kernel.jws import MAX_KID, PublicKey

ALGORITHMS = ("ES256", "RS256", "EdDSA")
LIVE_KEYS = LIVE_SECRETS
MAX_KEY = 8192
RSA_BITS = range(2048, 4097)

_PUBLIC = frozenset({"kty", "crv", "x", "y", "n", "e"})
_BROKEN = (JoseError, ValueError, TypeError, KeyError, RecursionError)


class KeyRefused(Exception):
    """A key like that can't be a client's. The text says why and repeats nothing of it."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A public key that someone brings, and all that is kept of it."""

    kid: str
    algorithm: str
    jwk: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A client's key as it is stored."""

    id: UUID
    kid: str
    algorithm: str
    jwk: Mapping[str, str] = field(repr=False)
    unnoticed: bool = False
    """Its last use was noted long ago or never."""

    @property
    def key(self) -> PublicKey:
        """The key, ready to check."""
        return _imported(self.jwk)


def read_key(text: str) -> NewKey:
    """A public key in PEM or as a JWK.

    Raises:
        KeyRefused: it is none, it is private, or of a kind or size that is not accepted.
    """
    try:
        private, new = _read(text)
    except _BROKEN as error:
        raise KeyRefused("This is no public key in PEM or as a JWK.") from error
    if private:
        raise KeyRefused("This is a private key: keep it, and send the public part.")
    return new


def public_part(text: str) -> NewKey:
    """The public part of a key of our own, in PEM; of a public one, itself.

    Raises:
        KeyRefused: it is no key, or of a kind or size that is not accepted.
    """
    try:
        return _read(text)[1]
    except _BROKEN as error:
        raise KeyRefused("This is no key in PEM.") from error


def _read(text: str) -> tuple[bool, NewKey]:
    if len(text) > MAX_KEY:
        raise ValueError("too long")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SecurityWarning)  # of short keys, which are refused here
        return _checked(text)


def _checked(text: str) -> tuple[bool, NewKey]:
    given: dict[str, Any] = orjson.loads(text) if text.lstrip().startswith("{") else {}
    key = JWKRegistry.import_key(given) if given else _from_pem(text.strip())
    if given.get("use", "sig") != "sig" or not set(given.get("key_ops", ["verify"])) & {"verify", "sign"}:
        raise KeyRefused("This key is not for signatures.")
    algorithm = _algorithm(key)
    if given.get("alg", algorithm) not in {algorithm, "Ed25519"}:
        raise KeyRefused(f"This key is for {algorithm}.")
    kid = given.get("kid", key.thumbprint())
    if not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID or not kid.isprintable():
        raise KeyRefused(f"A kid has 1 to {MAX_KID} printable characters.")
    public = {name: str(value) for name, value in key.as_dict(private=False).items() if name in _PUBLIC}
    return key.is_private, NewKey(kid, algorithm, public)


def _from_pem(text: str) -> Any:
    for kind in ("EC", "RSA", "OKP"):
        try:
            return import_key(text, kind)
        except (JoseError, ValueError, TypeError, AttributeError):
            continue
    raise ValueError("no PEM")


def _algorithm(key: Any) -> str:
    if isinstance(key, ECKey) and key.curve_name == "P-256":
        return "ES256"
    if isinstance(key, OKPKey) and key.curve_name == "Ed25519":
        return "EdDSA"
    if isinstance(key, RSAKey) and key.raw_value.key_size in RSA_BITS:
        return "RS256"
    raise KeyRefused("A key is on P-256 or Ed25519, or an RSA key of 2,048 to 4,096 bits.")


def _imported(jwk: Mapping[str, str]) -> PublicKey:
    key = JWKRegistry.import_key(dict(jwk))
    if not isinstance(key, ECKey | RSAKey | OKPKey):
        raise TypeError("not a public key")
    return key


def nobodys_keys() -> Mapping[str, StoredKey]:
    """A key for each algorithm that no client has, to check with where there is none: the same work, and never right."""
    keys: list[ECKey | OKPKey | RSAKey] = [ECKey.generate_key("P-256"), OKPKey.generate_key("Ed25519")]
    modulus = secrets.randbits(RSA_BITS.start) | 1 << (RSA_BITS.start - 1) | 1  # of no key: making one takes a while
    keys.append(RSAKey.import_key({"kty": "RSA", "n": _base64(modulus), "e": "AQAB"}))
    every = [_checked(orjson.dumps(key.as_dict(private=False)).decode())[1] for key in keys]
    return {new.algorithm: StoredKey(UUID(int=0), new.kid, new.algorithm, new.jwk) for new in every}


def _base64(number: int) -> str:
    """A number as a JWK has it. Source: RFC 7518, 2."""
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
