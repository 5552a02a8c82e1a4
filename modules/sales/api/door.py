"""The door of sales: who may come in, and how often."""

from typing import Protocol

from fastapi import Request

from modules.kernel.errors import WaybillError
from modules.kernel.ids import ClientId
from modules.kernel.principal import Principal, Verifier
from modules.web.headers import TOLD
from modules.web.security import Guard


class Pace(Protocol):
    """Holds clients to a rate. It never fails itself."""

    async def keep(self, client_id: ClientId, told: list[tuple[str, str]]) -> None:
        """Count a request, and add to `told` the headers that say how much the client may still ask.

        Raises:
            TooMany: it asks faster than it may. Nothing was begun.
        """
        ...


class Door:
    """Lets in who has a token with the scope that a route names, as often as it may come."""

    def __init__(self, verifier: Verifier, pace: Pace | None) -> None:
        self._guard = Guard(verifier, "sales")
        self._pace = pace

    async def __call__(self, request: Request, scope: str, *, changes: bool | None = None) -> Principal:
        """The client that calls. Raises as `Guard` and `Pace.keep`."""
        principal = self._guard(request, scope, changes=changes)
        if self._pace is not None:
            await self._pace.keep(principal.client_id, request.scope.setdefault(TOLD, []))
        return principal

    def is_open(self, request: Request, scope: str) -> bool:
        """Whether who was let in would be let in now: with a token that is neither expired nor revoked."""
        try:
            self._guard(request, scope)
        except WaybillError:
            return False
        return True
