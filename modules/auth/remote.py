"""`AuthPort` and `AuthOperatorPort` over HTTP."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from modules.auth.port import (
    KEYS_PATH,
    AuthOperatorPort,
    AuthPort,
    ClientCreated,
    ClientKind,
    ClientPage,
    RevocationPage,
    VerificationKey,
)
from modules.kernel import rpc
from modules.kernel.ids import ClientId
from modules.kernel.principal import Verifier
from modules.web.internal import operated, served

KEYS = rpc.crossing(AuthPort.keys, KEYS_PATH, verb="GET", member="keys")
REVOCATIONS = rpc.crossing(AuthPort.revocations, "/auth/revocations", verb="GET", member=None)
CREATE_CLIENT = rpc.crossing(AuthOperatorPort.create_client, "/internal/auth/operator/create_client")
LIST_CLIENTS = rpc.crossing(AuthOperatorPort.list_clients, "/internal/auth/operator/list_clients")
METHODS: tuple[rpc.Crossing[..., Any], ...] = (KEYS, REVOCATIONS, CREATE_CLIENT, LIST_CLIENTS)


def routes(auth: AuthPort, verifier: Verifier) -> APIRouter:
    """What other processes call of the auth that is hosted here. Its keys are for everyone: `api.py` has them."""
    return served("auth", verifier, {REVOCATIONS: auth.revocations}, METHODS)


def operator_routes(auth: AuthOperatorPort, verifier: Verifier) -> APIRouter:
    """What the operator calls of the auth that is hosted here."""
    return operated(verifier, {CREATE_CLIENT: auth.create_client, LIST_CLIENTS: auth.list_clients})


class RemoteAuth:
    """Fulfils `AuthPort` where auth lives in another process."""

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def keys(self) -> Sequence[VerificationKey]:
        """The keys that tokens are or will soon be signed with, and those whose tokens may still be alive."""
        return await self._channel.call(KEYS)

    async def revocations(self, after: int) -> RevocationPage:
        """What was revoked since sequence number `after`."""
        return await self._channel.call(REVOCATIONS, after)


class RemoteAuthOperator:
    """Fulfils `AuthOperatorPort` where auth lives in another process."""

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def create_client(
        self, actor: str, name: str, scopes: Sequence[str], audiences: Sequence[str], kind: ClientKind
    ) -> ClientCreated:
        """Register a client."""
        return await self._channel.call(CREATE_CLIENT, actor, name, scopes, audiences, kind)

    async def list_clients(self, after: ClientId | None = None, limit: int = 50) -> ClientPage:
        """Clients by age."""
        return await self._channel.call(LIST_CLIENTS, after, limit)
