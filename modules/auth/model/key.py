"""Keys that sign access tokens, and the seal on their private parts."""

import os
from dataclasses import dataclass, field

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from joserfc.jwk import ECKey

from modules.auth.port import VerificationKey

ALGORITHM = "ES256"
CURVE = "P-256"
NONCE_BYTES = 12
MIN_KEY_BYTES = 32


class SealBroken(Exception):
    """A signing key was sealed under another key-encryption key, or its row was changed."""


class Seal:
    """Keeps private keys unreadable to whoever has only the database: AES-256-GCM, bound to the key's id."""

    def __init__(self, key_encryption_key: bytes) -> None:
        if len(key_encryption_key) < MIN_KEY_BYTES:
            raise ValueError(f"a key-encryption key has at least {MIN_KEY_BYTES} bytes")
        # Derived, so that a key written as text serves as well as one of raw bytes. Source: RFC 5869.
        derived = HKDF(SHA256(), length=32, salt=None, info=b"waybill signing keys").derive(key_encryption_key)
        self._cipher = AESGCM(derived)

    def close(self, kid: str, private: bytes) -> bytes:
        """`private`, readable again only under this key and this id."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, private, kid.encode())

    def open(self, kid: str, sealed: bytes) -> bytes:
        """What was sealed.

        Raises:
            SealBroken: not under this key, or not for this id.
        """
        try:
            return self._cipher.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], kid.encode())
        except (InvalidTag, ValueError) as error:
            raise SealBroken(f"the signing key {kid} can't be read with this key-encryption key") from error


@dataclass(frozen=True, slots=True)
class SealedKey:
    """A signing key as it is stored."""

    kid: str
    x: str
    y: str
    private_sealed: bytes | None = field(repr=False)

    @property
    def public(self) -> VerificationKey:
        """What verifiers need of it."""
        return VerificationKey(self.kid, self.x, self.y)


def new_signing_key(seal: Seal) -> SealedKey:
    """A fresh key on P-256, named by its thumbprint. Source: RFC 7638."""
    key = ECKey.generate_key(CURVE)
    private = key.as_dict(private=True)
    kid = key.thumbprint()
    return SealedKey(kid, str(private["x"]), str(private["y"]), seal.close(kid, orjson.dumps(private)))


def signer(seal: Seal, stored: SealedKey) -> ECKey:
    """The key, ready to sign.

    Raises:
        SealBroken: the key-encryption key is not the one it was sealed under, or the key no longer signs.
    """
    if stored.private_sealed is None:
        raise SealBroken(f"the signing key {stored.kid} has no private part any more")
    return ECKey.import_key(orjson.loads(seal.open(stored.kid, stored.private_sealed)), {"kid": stored.kid})


def jwk(key: VerificationKey) -> dict[str, str]:
    """A key as JWKS shows it. Source: RFC 7517, 4; RFC 7518, 6.2.1."""
    return {"kty": "EC", "crv": CURVE, "alg": ALGORITHM, "use": "sig", "kid": key.kid, "x": key.x, "y": key.y}
