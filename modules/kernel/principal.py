"""Who is asking."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from modules.kernel.errors import InsufficientScope
from modules.kernel.ids import ClientId

INTERNAL_SCOPE = "internal:call"


@dataclass(frozen=True, slots=True)
class Principal:
    """A client whose access token was verified: what it is called and what it may do, until when."""

    client_id: ClientId
    audience: str
    scopes: frozenset[str]
    expires_at: datetime
    family: str | None = None
    generation: int = 0
    token_id: str = field(default="", repr=False)

    def require(self, scope: str) -> None:
        """Refuse the caller that lacks `scope`.

        Raises:
            InsufficientScope: naming the scope. Source: RFC 6750, 3.1.
        """
        if scope not in self.scopes:
            raise InsufficientScope(f"This needs the scope {scope}.", scope=scope)


class Verifier(Protocol):
    """Checks access tokens without asking anyone."""

    def verify(self, token: str, audience: str, *, changes: bool = False) -> Principal:
        """The client behind `token`, who wants to change something or only to read.

        Raises:
            InvalidToken: expired, tampered with, revoked, or made for another audience.
            NotReached: nothing is known of keys and revocations; or nothing new for so long that nobody may change
                anything.
        """
        ...
