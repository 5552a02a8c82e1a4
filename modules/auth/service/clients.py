"""Clients: who may sign in, and for what."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from modules.auth import repository
from modules.auth.model.scope import client_faults
from modules.auth.model.token import REMEMBERED
from modules.auth.port import (
    ClientChanges,
    ClientCreated,
    ClientDetail,
    ClientKind,
    ClientPage,
    ClientRefused,
    ClientView,
)
from modules.auth.service.credentials import Credentials, Shown, client_view, customers, first_time, locked
from modules.kernel.clock import Clock
from modules.kernel.database import Database, Transaction
from modules.kernel.errors import Invalid
from modules.kernel.idempotency import Answered, Once, Repeatable
from modules.kernel.ids import ClientId, new_id

A_PAGE = 200


class Clients:
    """What the operator does with clients."""

    def __init__(self, database: Database, credentials: Credentials, clock: Clock) -> None:
        self._database = database
        self._made: Once[Shown] = Once(database, Shown)
        self._changed: Once[ClientView] = Once(database, ClientView)
        self._gone: Once[None] = Once(database, None)
        self._credentials = credentials
        self._clock = clock

    async def create(
        self,
        actor: str,
        name: str,
        scopes: Sequence[str],
        audiences: Sequence[str],
        kind: ClientKind,
        request: Repeatable | None = None,
    ) -> ClientCreated:
        """Register a client and give it its first secret.

        Raises:
            SecretShown: the request was done before.
        """
        listed = _sensible(name, kind, scopes, audiences)
        id_, now = new_id(), self._clock.now()
        view = ClientView(
            ClientId(str(id_)), name, kind, tuple(listed["scopes"]), tuple(listed["audiences"]), now, actor
        )
        secrets: list[str] = []

        async def work(transaction: Transaction) -> Shown:
            await repository.clients.add(transaction, id=id_, name=name, kind=kind, now=now, actor=actor, **listed)
            created = await self._credentials.first_secret(transaction, id_, now)
            await repository.audit.note(transaction, actor, "create", now, id_, created.id)
            secrets.append(created.client_secret)
            return Shown(view.id, created.id)

        first_time(await self._made(request, work))
        return ClientCreated(view, secrets[-1])

    async def list(self, after: ClientId | None, limit: int) -> ClientPage:
        """Clients by age."""
        bound = max(1, min(limit, A_PAGE))
        place = _place(after)
        async with self._database.reading() as reading:
            rows = await repository.clients.listed(reading, place, bound + 1)
        items = tuple(client_view(row) for row in rows[:bound])
        return ClientPage(items, items[-1].id if len(rows) > bound else None)

    async def show(self, client_id: ClientId) -> ClientDetail:
        """One client with its live secrets and keys."""
        async with self._database.transaction() as transaction:
            return await self._credentials.detail(transaction, await locked(transaction, client_id))

    async def update(
        self, actor: str, client_id: ClientId, changes: ClientChanges, request: Repeatable | None = None
    ) -> Answered[ClientView]:
        """Change a client, and end its tokens where it may do less than they say."""

        async def work(transaction: Transaction) -> ClientView:
            row = await locked(transaction, client_id)
            if (changes.name, changes.scopes, changes.audiences) != (None, None, None):
                await self._describe(transaction, actor, customers(row), changes)
            if changes.disabled is not None and changes.disabled != (row.disabled_at is not None):
                await self._allow(transaction, actor, row, allowed=not changes.disabled)
            return client_view(await repository.clients.lock(transaction, row.id))

        return await self._changed(request, work)

    async def disable(self, actor: str, client_id: ClientId) -> ClientView:
        """End a client's tokens, and let it sign in no more; one that is disabled stays as it is."""
        return (await self.update(actor, client_id, ClientChanges(disabled=True))).answer

    async def enable(self, actor: str, client_id: ClientId) -> ClientView:
        """Let a client sign in again."""
        return (await self.update(actor, client_id, ClientChanges(disabled=False))).answer

    async def _describe(self, transaction: Transaction, actor: str, row: Any, changes: ClientChanges) -> None:
        now = self._clock.now()
        name = row.name if changes.name is None else changes.name
        scopes = row.scopes if changes.scopes is None else changes.scopes
        audiences = row.audiences if changes.audiences is None else changes.audiences
        listed = _sensible(name, ClientKind(row.kind), scopes, audiences)
        if {"name": row.name, "scopes": row.scopes, "audiences": row.audiences} != {"name": name, **listed}:
            await repository.clients.update(transaction, id=row.id, name=name, **listed)
            await repository.audit.note(transaction, actor, "update", now, row.id)
        if set(row.scopes) - set(scopes) or set(row.audiences) - set(audiences):
            await repository.clients.end_tokens(transaction, row.id, now, now + REMEMBERED)

    async def _allow(self, transaction: Transaction, actor: str, row: Any, *, allowed: bool) -> None:
        now = self._clock.now()
        if allowed:
            await repository.clients.enable(transaction, row.id)
        else:
            await repository.clients.disable(transaction, row.id, now)
            await repository.clients.end_tokens(transaction, row.id, now, now + REMEMBERED)
        await repository.audit.note(transaction, actor, "enable" if allowed else "disable", now, row.id)

    async def delete(self, actor: str, client_id: ClientId, request: Repeatable | None = None) -> Answered[None]:
        """End a client's tokens, and forget it."""

        async def work(transaction: Transaction) -> None:
            now = self._clock.now()
            row = customers(await locked(transaction, client_id))
            await repository.clients.delete(transaction, row.id, now, now + REMEMBERED)
            await repository.audit.note(transaction, actor, "delete", now, row.id)

        return await self._gone(request, work)


def _sensible(
    name: str, kind: ClientKind, scopes: Sequence[str], audiences: Sequence[str]
) -> dict[str, "list[str]"]:  # inside the class `list` is a method, here it is not
    """Scopes and audiences, each once.

    Raises:
        ClientRefused: a client like that may not be.
    """
    faults = [*client_faults(name, kind, scopes, audiences)]
    if faults:
        raise ClientRefused(faults[0]["detail"], errors=faults)
    return {"scopes": [*dict.fromkeys(scopes)], "audiences": [*dict.fromkeys(audiences)]}


def _place(after: ClientId | None) -> UUID:
    try:
        return UUID(after or str(UUID(int=0)))
    except ValueError:
        fault = {"pointer": "/after", "code": "client_id", "detail": "Not the id of a client."}
        raise Invalid("The place in the list is not the id of a client.", errors=[fault]) from None
