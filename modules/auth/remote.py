"""`AuthPort` and `AuthOperatorPort` over HTTP."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from modules.auth.port import (
    KEYS_PATH,
    AuditEntry,
    AuthOperatorPort,
    AuthPort,
    ClientChanges,
    ClientCreated,
    ClientDetail,
    ClientKind,
    ClientPage,
    ClientView,
    FailedAuthentications,
    RevocationPage,
    SecretCreated,
    SigningKeyView,
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
UPDATE_CLIENT = rpc.crossing(AuthOperatorPort.update_client, "/internal/auth/operator/update_client")
DELETE_CLIENT = rpc.crossing(AuthOperatorPort.delete_client, "/internal/auth/operator/delete_client")
ADD_KEY = rpc.crossing(AuthOperatorPort.add_key, "/internal/auth/operator/add_key")
RETIRE_KEY = rpc.crossing(AuthOperatorPort.retire_key, "/internal/auth/operator/retire_key")
LIST_CHANGES = rpc.crossing(AuthOperatorPort.list_changes, "/internal/auth/operator/list_changes")
LIST_FAILURES = rpc.crossing(AuthOperatorPort.list_failures, "/internal/auth/operator/list_failures")
LIST_SIGNING_KEYS = rpc.crossing(AuthOperatorPort.list_signing_keys, "/internal/auth/operator/list_signing_keys")
ROTATE_SIGNING_KEY = rpc.crossing(AuthOperatorPort.rotate_signing_key, "/internal/auth/operator/rotate_signing_key")
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
    UPDATE_CLIENT,
    DELETE_CLIENT,
    ADD_KEY,
    RETIRE_KEY,
    LIST_CHANGES,
    LIST_FAILURES,
    LIST_SIGNING_KEYS,
    ROTATE_SIGNING_KEY,
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
            UPDATE_CLIENT: auth.update_client,
            DELETE_CLIENT: auth.delete_client,
            ADD_KEY: auth.add_key,
            RETIRE_KEY: auth.retire_key,
            LIST_CHANGES: auth.list_changes,
            LIST_FAILURES: auth.list_failures,
            LIST_SIGNING_KEYS: auth.list_signing_keys,
            ROTATE_SIGNING_KEY: auth.rotate_signing_key,
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

    async def update_client(self, actor: str, client_id: ClientId, changes: ClientChanges) -> ClientView:
        """Change a client."""
        return await self._channel.call(UPDATE_CLIENT, actor, client_id, changes)

    async def delete_client(self, actor: str, client_id: ClientId) -> None:
        """Forget a client, and end its tokens."""
        await self._channel.call(DELETE_CLIENT, actor, client_id)

    async def add_key(self, actor: str, client_id: ClientId, public_key: str) -> ClientDetail:
        """Let a client sign in by what it signs with a key."""
        return await self._channel.call(ADD_KEY, actor, client_id, public_key)

    async def retire_key(self, actor: str, client_id: ClientId, key_id: UUID) -> ClientDetail:
        """Have a client's key be worth nothing."""
        return await self._channel.call(RETIRE_KEY, actor, client_id, key_id)

    async def list_changes(self, client_id: ClientId | None = None, limit: int = 50) -> Sequence[AuditEntry]:
        """What operators did lately."""
        return await self._channel.call(LIST_CHANGES, client_id, limit)

    async def list_failures(
        self, client_id: ClientId | None = None, limit: int = 50
    ) -> Sequence[FailedAuthentications]:
        """Who failed to be a client lately."""
        return await self._channel.call(LIST_FAILURES, client_id, limit)

    async def list_signing_keys(self) -> Sequence[SigningKeyView]:
        """The keys that sign access tokens."""
        return await self._channel.call(LIST_SIGNING_KEYS)

    async def rotate_signing_key(self, actor: str, *, compromised: bool = False) -> SigningKeyView:
        """Have another key sign."""
        return await self._channel.call(ROTATE_SIGNING_KEY, actor, compromised=compromised)
