"""Who may call a route: bearer tokens and scopes."""

from typing import Any

from fastapi import Request

from modules.kernel.errors import InvalidToken, Unauthenticated
from modules.kernel.principal import Principal, Verifier

SCHEME = "oauth2"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Source: RFC 9110, 9.2.1."""


class Guard:
    """Lets in callers whose token was made for one service and has the scope that a route names.

    A plain call, not a dependency: it costs a route neither a thread hop nor a solved dependency tree.
    """

    def __init__(self, verifier: Verifier, audience: str) -> None:
        self._verifier = verifier
        self._audience = audience

    def __call__(self, request: Request, scope: str, *others: str, changes: bool | None = None) -> Principal:
        """The client that calls; `others` open the route as well as `scope` does.

        Whether it `changes` anything says the request's method, where nothing else is said.

        Raises:
            Unauthenticated: no bearer token came along.
            InvalidToken: the token is expired, revoked, tampered with or for another audience, or not alone.
            InsufficientScope: it lacks `scope`.
            NotReached: it changes something, and what was revoked has not been heard of for too long.
        """
        sent = request.headers.getlist("authorization")
        if len(sent) > 1:  # who looks at the first and who looks at the last would let in different callers
            raise InvalidToken("Send one header Authorization.")
        scheme, _, token = "".join(sent).partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("Send an access token: Authorization: Bearer ….")
        if changes is None:
            changes = request.method not in SAFE
        principal = self._verifier.verify(token.strip(), self._audience, changes=changes)
        if not principal.scopes.intersection(others):
            principal.require(scope)
        return principal


def secured(scope: str) -> dict[str, Any]:
    """What OpenAPI says of a route that needs `scope`."""
    return {"security": [{SCHEME: [scope]}]}
