"""Keys that the system does not know, and its own public one in the forms in which it is published."""

import base64
import json
from functools import cache

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""How many points P-256 has. Source: FIPS 186-5, SP 800-186."""


def b64(data: bytes | str) -> str:
    """Base64url without padding. Source: RFC 7515, 2."""
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).decode().rstrip("=")


@cache
def stranger() -> ec.EllipticCurvePrivateKey:
    """A key on the right curve that nobody knows."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def clients_key() -> ec.EllipticCurvePrivateKey:
    """A key by which a client signs in."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def retired_key() -> ec.EllipticCurvePrivateKey:
    """A key by which a client signed in."""
    return ec.generate_private_key(ec.SECP256R1())


@cache
def on_p384() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


@cache
def on_secp256k1() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256K1())


@cache
def rsa_key(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def ed25519_key() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def pem(key: PrivateKey) -> bytes:
    """The public half as most libraries print it."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def der(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def jwk(key: ec.EllipticCurvePrivateKey, **more: str) -> dict[str, str]:
    """The public half as JWKS shows it."""
    point = key.public_key().public_numbers()
    return {
        "kty": "EC",
        "crv": "P-256",
        "x": b64(point.x.to_bytes(32, "big")),
        "y": b64(point.y.to_bytes(32, "big")),
        **more,
    }


def jwk_text(key: ec.EllipticCurvePrivateKey, kid: str) -> bytes:
    """The public half, letter for letter as the key set holds it."""
    known = jwk(key)
    shown = {"kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": kid, "x": known["x"], "y": known["y"]}
    return json.dumps(shown, separators=(",", ":")).encode()
