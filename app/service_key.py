"""The keys with which modules of ours sign in to auth: on P-256, in PEM. Source: RFC 7468."""

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    EllipticCurvePublicKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

ALGORITHM = "ES256"
PRIVATE = "PRIVATE KEY-----"


def new_service_key() -> str:
    """A key of its own for a module."""
    key = generate_private_key(SECP256R1())
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def is_private(pem: str) -> bool:
    """Whether it can sign; a public one only checks.

    Raises:
        ValueError: it is neither.
    """
    return isinstance(_read(pem), EllipticCurvePrivateKey)


def public_part(pem: str) -> str:
    """What auth needs to know of a key, private or public.

    Raises:
        ValueError: it is neither.
    """
    key = _read(pem)
    public = key.public_key() if isinstance(key, EllipticCurvePrivateKey) else key
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def _read(pem: str) -> EllipticCurvePrivateKey | EllipticCurvePublicKey:
    """The messages of the library may hold what was given: none of them gets out."""
    text = pem.strip().encode()
    try:
        key = load_pem_private_key(text, None) if PRIVATE in pem else load_pem_public_key(text)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if isinstance(key, EllipticCurvePrivateKey | EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    raise ValueError("must be a key on P-256 in PEM, without a pass phrase")
