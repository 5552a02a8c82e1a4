"""What auth offers: keys and revocations to every service, clients and keys to the operator."""

from modules.auth.port.protocols import AuthOperatorPort, AuthPort
from modules.auth.port.refusals import (
    ClientRefused,
    KeyRefused,
    LastCredential,
    NoSuchClient,
    NoSuchKey,
    NoSuchSecret,
    SecretShown,
    ServiceClient,
    TwoKeys,
    TwoSecrets,
)
from modules.auth.port.views import (
    AuditEntry,
    ClientChanges,
    ClientCreated,
    ClientDetail,
    ClientKind,
    ClientPage,
    ClientView,
    FailedAuthentications,
    KeyView,
    Revocation,
    RevocationPage,
    SecretCreated,
    SecretView,
    SigningKeyState,
    SigningKeyView,
    VerificationKey,
)

__all__ = [
    "AUDIENCE_PREFIX",
    "KEYS_PATH",
    "AuditEntry",
    "AuthOperatorPort",
    "AuthPort",
    "ClientChanges",
    "ClientCreated",
    "ClientDetail",
    "ClientKind",
    "ClientPage",
    "ClientRefused",
    "ClientView",
    "FailedAuthentications",
    "KeyRefused",
    "KeyView",
    "LastCredential",
    "NoSuchClient",
    "NoSuchKey",
    "NoSuchSecret",
    "Revocation",
    "RevocationPage",
    "SecretCreated",
    "SecretShown",
    "SecretView",
    "ServiceClient",
    "SigningKeyState",
    "SigningKeyView",
    "TwoKeys",
    "TwoSecrets",
    "VerificationKey",
    "audience_urn",
]

AUDIENCE_PREFIX = "urn:waybill:"
KEYS_PATH = "/.well-known/jwks.json"
"""Where everyone finds the keys. Source: RFC 7517, 5; RFC 8414, 2."""


def audience_urn(word: str) -> str:
    """What a token for the service `word` says in `aud`: `urn:waybill:sales` for `sales`."""
    return AUDIENCE_PREFIX + word
