"""Access tokens, checked by this process alone. Source: RFC 9068, 4."""

from app.verifier.local import LocalVerifier
from app.verifier.remembered import Remembered

__all__ = ["LocalVerifier", "Remembered"]
