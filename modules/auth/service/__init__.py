"""The use cases of auth."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from modules.auth import repository
from modules.auth.model.key import Seal
from modules.auth.model.secret import Peppers
from modules.auth.model.token import Terms
from modules.auth.port import (
    AuditEntry,
    ClientChanges,
    ClientCreated,
    ClientDetail,
    ClientKind,
    ClientPage,
    ClientView,
    FailedAuthentications,
    Revocation,
    RevocationPage,
    SecretCreated,
    SigningKeyView,
    VerificationKey,
)
from modules.auth.service.auditing import Auditing
from modules.auth.service.authentication import Authentication
from modules.auth.service.clients import Clients
from modules.auth.service.credentials import Credentials
from modules.auth.service.issuing import Issuing, Outcome
from modules.auth.service.keyring import Keyring
from modules.auth.service.request import TokenRefused, TokenRequest, read_request
from modules.auth.service.returned import Returning
from modules.kernel.clock import Clock
from modules.kernel.database import Database
from modules.kernel.ids import ClientId

__all__ = ["AuthService", "Outcome", "TokenRefused", "TokenRequest", "read_request"]

REVOCATIONS_A_PAGE = 1000
RETIRED_KEPT = timedelta(days=30)
FAILURES_KEPT = timedelta(days=90)


class AuthService:
    """Issues tokens, and fulfils `AuthPort` and `AuthOperatorPort`.

    `peppers` and `key_encryption_key` (at least 32 bytes) are kept outside the database: without the first no secret is
    recognised, without the second no token can be signed.
    """

    def __init__(
        self, database: Database, *, peppers: Peppers, key_encryption_key: bytes, terms: Terms, clock: Clock
    ) -> None:
        self._database = database
        self._clock = clock
        self.terms = terms
        self._keyring = Keyring(database, Seal(key_encryption_key), terms.key_life, clock)
        authentication = Authentication(peppers, terms)
        self._issuing = Issuing(database, self._keyring, authentication, terms, clock)
        self.credentials = Credentials(database, peppers, clock)
        self._auditing = Auditing(database)
        self.clients = Clients(database, self.credentials, clock)
        self._returning = Returning(database, self._keyring, authentication, terms, clock)

    async def issue_tokens(self, requests: Sequence[TokenRequest]) -> Sequence[Outcome]:
        """Tokens for a batch of requests: one outcome each, in order, in one transaction.

        Repeating a request object stores and answers the same.
        """
        return await self._issuing.issue(requests)

    async def token(self, body: bytes, authorization: Sequence[str]) -> Outcome:
        """The answer to one form, sent with these values of the `Authorization` header."""
        try:
            request = read_request(body, authorization)
        except TokenRefused as refused:
            return refused
        return (await self.issue_tokens([request]))[0]

    async def revoke(self, request: TokenRequest) -> None:
        """End the family of the token that a client names. Raises as `Returning.revoke`."""
        await self._returning.revoke(request)

    async def introspect(self, request: TokenRequest) -> Mapping[str, Any]:
        """What the token that a client names is good for now. Raises as `Returning.introspect`."""
        return await self._returning.introspect(request)

    async def prune(self, limit: int = 1000) -> Mapping[str, int]:
        """Delete what is over, a batch of each kind (families, revocations, used assertions…); answers how many rows.

        A retired secret or key is kept for a month, so that who asks when it was last used is told; who failed to be a
        client, for three.
        """
        now = self._clock.now()
        async with self._database.transaction() as transaction:
            return await repository.pruning.prune(
                transaction,
                now,
                kept=self.terms.families,
                retired_before=now - RETIRED_KEPT,
                failed_before=now - FAILURES_KEPT,
                limit=limit,
            )

    async def keys(self) -> Sequence[VerificationKey]:
        """The keys that tokens are or will soon be signed with, and those whose tokens may still be alive."""
        return await self._keyring.published()

    async def revocations(self, after: int) -> RevocationPage:
        """What was revoked since sequence number `after`."""
        async with self._database.reading() as reading:
            rows = await repository.revocations.since(reading, after, REVOCATIONS_A_PAGE)
        items = tuple(
            Revocation(
                sequence=row.sequence,
                until=row.until,
                family=row.family_id,
                client_id=ClientId(str(row.client_id)) if row.client_id else None,
                generation=row.generation,
            )
            for row in rows
        )
        return RevocationPage(items, complete=len(items) < REVOCATIONS_A_PAGE)

    async def create_client(
        self, actor: str, name: str, scopes: Sequence[str], audiences: Sequence[str], kind: ClientKind
    ) -> ClientCreated:
        """Register a client and give it its first secret."""
        return await self.clients.create(actor, name, scopes, audiences, kind)

    async def admit_services(self, keys: Mapping[str, str], audiences: Mapping[str, Sequence[str]]) -> None:
        """Let modules of ours sign in, each with its key in PEM, for the audiences that it calls; again changes nothing.

        A new key takes its place beside the one before it, which is good until the next.
        """
        await self.credentials.admit(keys, audiences)

    async def list_clients(self, after: ClientId | None = None, limit: int = 50) -> ClientPage:
        """Clients by age, at most `limit` (1 to 200) of them."""
        return await self.clients.list(after, limit)

    async def show_client(self, client_id: ClientId) -> ClientDetail:
        """One client with its live secrets."""
        return await self.clients.show(client_id)

    async def update_client(self, actor: str, client_id: ClientId, changes: ClientChanges) -> ClientView:
        """Change a client. Where it may do less than before, every token of its is worth nothing within a second."""
        return (await self.clients.update(actor, client_id, changes)).answer

    async def delete_client(self, actor: str, client_id: ClientId) -> None:
        """Forget a client, its secrets and keys; every token of its is worth nothing within a second."""
        await self.clients.delete(actor, client_id)

    async def disable_client(self, actor: str, client_id: ClientId) -> ClientView:
        """Let a client sign in no more, and have every token of its be worth nothing within a second."""
        return await self.clients.disable(actor, client_id)

    async def enable_client(self, actor: str, client_id: ClientId) -> ClientView:
        """Let a client sign in again; its tokens from before stay worthless."""
        return await self.clients.enable(actor, client_id)

    async def rotate_secret(self, actor: str, client_id: ClientId) -> SecretCreated:
        """Give a client a second secret beside the one it has; both are good until one is retired."""
        return await self.credentials.rotate_secret(actor, client_id)

    async def retire_secret(self, actor: str, client_id: ClientId, secret_id: UUID) -> ClientDetail:
        """Have a secret be worth nothing; one that is retired already stays so."""
        return (await self.credentials.retire_secret(actor, client_id, secret_id)).answer

    async def add_key(self, actor: str, client_id: ClientId, public_key: str) -> ClientDetail:
        """Let a client sign in by what it signs with a key."""
        return (await self.credentials.add_key(actor, client_id, public_key)).answer

    async def retire_key(self, actor: str, client_id: ClientId, key_id: UUID) -> ClientDetail:
        """Have a client's key be worth nothing; one that is retired already stays so."""
        return (await self.credentials.retire_key(actor, client_id, key_id)).answer

    async def list_changes(self, client_id: ClientId | None = None, limit: int = 50) -> Sequence[AuditEntry]:
        """What operators did lately, to one client or at all, the newest first."""
        return await self._auditing.changes(client_id, limit)

    async def list_failures(
        self, client_id: ClientId | None = None, limit: int = 50
    ) -> Sequence[FailedAuthentications]:
        """Who failed to be a client lately, one or any, the newest first."""
        return await self._auditing.failures(client_id, limit)

    async def list_signing_keys(self) -> Sequence[SigningKeyView]:
        """The keys that sign access tokens, those that did lately and those that will, the newest first."""
        return await self._keyring.list()

    async def rotate_signing_key(self, actor: str, *, compromised: bool = False) -> SigningKeyView:
        """Have another key sign, soon; or at once, where the present one is compromised."""
        return await self._keyring.rotate(actor, compromised=compromised)

    async def turn_keys(self) -> None:
        """Take each signing key's next step, if its time has come."""
        await self._keyring.turn()
