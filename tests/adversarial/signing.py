"""Signatures by other keys and algorithms than those that access tokens are signed with."""

from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm

from tests.adversarial.forge import Forge, changed
from tests.adversarial.keys import b64, ed25519_key, on_p384, on_secp256k1, rsa_key


def by_rsa(forge: Forge, alg: str, bits: int = 2048) -> str:
    """Source: RFC 7518, 3.3."""
    text = _text(forge, alg)
    return f"{text}.{b64(rsa_key(bits).sign(text.encode(), padding.PKCS1v15(), SHA256()))}"


def by_p384(forge: Forge, alg: str) -> str:
    """Source: RFC 7518, 3.4."""
    return _by_curve(forge, alg, on_p384(), SHA384(), 48)


def by_secp256k1(forge: Forge, alg: str) -> str:
    """Source: RFC 8812, 3.2."""
    return _by_curve(forge, alg, on_secp256k1(), SHA256(), 32)


def by_ed25519(forge: Forge, alg: str = "EdDSA") -> str:
    """Source: RFC 8037, 3.1."""
    text = _text(forge, alg)
    return f"{text}.{b64(ed25519_key().sign(text.encode()))}"


def _by_curve(forge: Forge, alg: str, key: ec.EllipticCurvePrivateKey, digest: HashAlgorithm, size: int) -> str:
    text = _text(forge, alg)
    numbers = utils.decode_dss_signature(key.sign(text.encode(), ec.ECDSA(digest)))
    return f"{text}.{b64(b''.join(number.to_bytes(size, 'big') for number in numbers))}"


def _text(forge: Forge, alg: str) -> str:
    return ".".join(forge.parts(header=changed(forge.header, {"alg": alg})))
