"""Clients: who may sign in, with which secrets, and for how long."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from modules.auth import repository
from modules.auth.model.scope import client_faults
from modules.auth.model.secret import LIVE_SECRETS, Peppers, new_client_secret
from modules.auth.model.token import REMEMBERED
from modules.auth.port import (
    ClientCreated,
    ClientDetail,
    ClientKind,
    ClientPage,
    ClientRefused,
    ClientView,
    LastSecret,
    NoSuchClient,
    NoSuchSecret,
    SecretCreated,
    SecretView,
    TwoSecrets,
)
from modules.kernel.clock import Clock
from modules.kernel.database import Database, Transaction
from modules.kernel.errors import Invalid
from modules.kernel.ids import ClientId, new_id, service_id
from modules.kernel.principal import INTERNAL_SCOPE

A_PAGE = 200


class Clients:
    """What the operator does with clients, and how modules of ours become some."""

    def __init__(self, database: Database, peppers: Peppers, clock: Clock) -> None:
        self._database = database
        self._peppers = peppers
        self._clock = clock

    async def create(
        self, actor: str, name: str, scopes: Sequence[str], audiences: Sequence[str], kind: ClientKind
    ) -> ClientCreated:
        """Register a client and give it its first secret."""
        faults = list(client_faults(name, kind, scopes, audiences))
        if faults:
            raise ClientRefused(faults[0]["detail"], errors=faults)
        id_, now = new_id(), self._clock.now()
        listed = {"scopes": list(dict.fromkeys(scopes)), "audiences": list(dict.fromkeys(audiences))}
        async with self._database.transaction() as transaction:
            await repository.clients.add(transaction, id=id_, name=name, kind=kind, now=now, actor=actor, **listed)
            created = await self._add_secret(transaction, id_, 1, new_client_secret(), now)
            await repository.audit.note(transaction, actor, "create", now, id_, created.id)
        view = ClientView(
            ClientId(str(id_)), name, kind, tuple(listed["scopes"]), tuple(listed["audiences"]), now, actor
        )
        return ClientCreated(view, created.client_secret)

    async def admit(self, secrets: Mapping[str, str], audiences: Mapping[str, Sequence[str]]) -> None:
        """Let modules of ours sign in, each with its secret; told again, nothing changes."""
        now = self._clock.now()
        for module in sorted(secrets):
            id_ = UUID(service_id(module))
            rights = {"scopes": [INTERNAL_SCOPE], "audiences": list(audiences[module])}
            digest = self._peppers.digest(secrets[module], self._peppers.current)
            async with self._database.transaction() as transaction:
                await repository.clients.admit(transaction, id=id_, name=f"waybill {module}", now=now, **rights)
                live = _live(await repository.clients.secrets(transaction, id_))
                if digest not in {row.digest for row in live}:
                    await repository.clients.make_room(transaction, id_, now)
                    await self._add_secret(transaction, id_, 1, secrets[module], now)

    async def list(self, after: ClientId | None, limit: int) -> ClientPage:
        """Clients by age."""
        bound = max(1, min(limit, A_PAGE))
        place = _place(after)
        async with self._database.reading() as reading:
            rows = await repository.clients.listed(reading, place, bound + 1)
        items = tuple(_view(row) for row in rows[:bound])
        return ClientPage(items, items[-1].id if len(rows) > bound else None)

    async def show(self, client_id: ClientId) -> ClientDetail:
        """One client with its live secrets."""
        async with self._database.transaction() as transaction:
            return await _detail(transaction, await _locked(transaction, client_id))

    async def disable(self, actor: str, client_id: ClientId) -> ClientView:
        """End a client's tokens, and let it sign in no more; one that is disabled stays as it is."""
        now = self._clock.now()
        async with self._database.transaction() as transaction:
            row = await _locked(transaction, client_id)
            if row.disabled_at is None:
                await repository.clients.disable(transaction, row.id, now, now + REMEMBERED)
                await repository.audit.note(transaction, actor, "disable", now, row.id)
            return _view(await repository.clients.lock(transaction, row.id))

    async def enable(self, actor: str, client_id: ClientId) -> ClientView:
        """Let a client sign in again."""
        async with self._database.transaction() as transaction:
            row = await _locked(transaction, client_id)
            if row.disabled_at is not None:
                await repository.clients.enable(transaction, row.id)
                await repository.audit.note(transaction, actor, "enable", self._clock.now(), row.id)
            return _view(await repository.clients.lock(transaction, row.id))

    async def rotate_secret(self, actor: str, client_id: ClientId) -> SecretCreated:
        """Give a client a second secret."""
        now = self._clock.now()
        async with self._database.transaction() as transaction:
            row = await _locked(transaction, client_id)
            live = _live(await repository.clients.secrets(transaction, row.id))
            if len(live) >= LIVE_SECRETS:
                raise TwoSecrets(secrets=[str(one.id) for one in live])
            free = next(slot for slot in range(1, LIVE_SECRETS + 1) if slot not in {one.slot for one in live})
            created = await self._add_secret(transaction, row.id, free, new_client_secret(), now)
            await repository.audit.note(transaction, actor, "rotate_secret", now, row.id, created.id)
            return created

    async def retire_secret(self, actor: str, client_id: ClientId, secret_id: UUID) -> ClientDetail:
        """Have a secret be worth nothing."""
        async with self._database.transaction() as transaction:
            row = await _locked(transaction, client_id)
            known = await repository.clients.secrets(transaction, row.id)
            live = [one.id for one in _live(known)]
            if secret_id not in {one.id for one in known}:
                raise NoSuchSecret(f"This client has no secret {secret_id}.")
            if live == [secret_id]:
                raise LastSecret
            if secret_id in live:
                now = self._clock.now()
                await repository.clients.retire(transaction, secret_id, now)
                await repository.audit.note(transaction, actor, "retire_secret", now, row.id, secret_id)
            return await _detail(transaction, row)

    async def _add_secret(
        self, transaction: Transaction, client_id: UUID, slot: int, secret: str, now: datetime
    ) -> SecretCreated:
        id_, version = new_id(), self._peppers.current
        digest = self._peppers.digest(secret, version)
        await repository.clients.add_secret(
            transaction, id=id_, client_id=client_id, slot=slot, digest=digest, pepper_version=version, now=now
        )
        return SecretCreated(id_, secret)


async def _locked(transaction: Transaction, client_id: ClientId) -> Any:
    try:
        row = await repository.clients.lock(transaction, UUID(client_id))
    except ValueError:
        row = None
    if row is None:
        raise NoSuchClient(f"There is no client {client_id}.")
    return row


async def _detail(transaction: Transaction, row: Any) -> ClientDetail:
    live = _live(await repository.clients.secrets(transaction, row.id))
    return ClientDetail(_view(row), tuple(SecretView(one.id, one.created_at, one.last_used_at) for one in live))


def _live(secrets: Sequence[Any]) -> Sequence[Any]:
    return [one for one in secrets if one.retired_at is None]


def _place(after: ClientId | None) -> UUID:
    try:
        return UUID(after or str(UUID(int=0)))
    except ValueError:
        fault = {"pointer": "/after", "code": "client_id", "detail": "Not the id of a client."}
        raise Invalid("The place in the list is not the id of a client.", errors=[fault]) from None


def _view(row: Any) -> ClientView:
    return ClientView(
        id=ClientId(str(row.id)),
        name=row.name,
        kind=ClientKind(row.kind),
        scopes=tuple(row.scopes),
        audiences=tuple(row.audiences),
        created_at=row.created_at,
        created_by=row.created_by,
        disabled_at=row.disabled_at,
    )
