"""`AuthPort` and `AuthOperatorPort` over HTTP."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from modules.auth.port import (
    KEYS_PATH,
    AuthOperatorPort,
    AuthPort,
    ClientCreated,
    ClientDetail,
    ClientKind,
    ClientPage,
    ClientView,
    RevocationPage,
    SecretCreated,
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
SHOW_CLIENT = rpc.crossing(AuthOperatorPort.show_client, "/internal/auth/operator/show_client")
DISABLE_CLIENT = rpc.crossing(AuthOperatorPort.disable_client, "/internal/auth/operator/disable_client")
ENABLE_CLIENT = rpc.crossing(AuthOperatorPort.enable_client, "/internal/auth/operator/enable_client")
ROTATE_SECRET = rpc.crossing(AuthOperatorPort.rotate_secret, "/internal/auth/operator/rotate_secret")
RETIRE_SECRET = rpc.crossing(AuthOperatorPort.retire_secret, "/internal/auth/operator/retire_secret")
METHODS: tuple[rpc.Crossing[..., Any], ...] = (
    KEYS,
    REVOCATIONS,
    CREATE_CLIENT,
    LIST_CLIENTS,
    SHOW_CLIENT,
    DISABLE_CLIENT,
    ENABLE_CLIENT,
    ROTATE_SECRET,
    RETIRE_SECRET,
)


def routes(auth: AuthPort, verifier: Verifier) -> APIRouter:
    """What other processes call of the auth that is hosted here. Its keys are for everyone: `api.py` has them."""
    return served("auth", verifier, {REVOCATIONS: auth.revocations}, METHODS)


def operator_routes(auth: AuthOperatorPort, verifier: Verifier) -> APIRouter:
    """What the operator calls of the auth that is hosted here."""
    return operated(
        verifier,
        {
            CREATE_CLIENT: auth.create_client,
            LIST_CLIENTS: auth.list_clients,
            SHOW_CLIENT: auth.show_client,
            DISABLE_CLIENT: auth.disable_client,
            ENABLE_CLIENT: auth.enable_client,
            ROTATE_SECRET: auth.rotate_secret,
            RETIRE_SECRET: auth.retire_secret,
        },
    )


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

    async def show_client(self, client_id: ClientId) -> ClientDetail:
        """One client with its live secrets."""
        return await self._channel.call(SHOW_CLIENT, client_id)

    async def disable_client(self, actor: str, client_id: ClientId) -> ClientView:
        """Let a client sign in no more, and end its tokens."""
        return await self._channel.call(DISABLE_CLIENT, actor, client_id)

    async def enable_client(self, actor: str, client_id: ClientId) -> ClientView:
        """Let a client sign in again."""
        return await self._channel.call(ENABLE_CLIENT, actor, client_id)

    async def rotate_secret(self, actor: str, client_id: ClientId) -> SecretCreated:
        """Give a client a second secret."""
        return await self._channel.call(ROTATE_SECRET, actor, client_id)

    async def retire_secret(self, actor: str, client_id: ClientId, secret_id: UUID) -> ClientDetail:
        """Have a secret be worth nothing."""
        return await self._channel.call(RETIRE_SECRET, actor, client_id, secret_id)
