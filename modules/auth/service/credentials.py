"""What clients sign in with: secrets that are generated here, and public keys that they bring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from modules.auth import repository
from modules.auth.model import client_key
from modules.auth.model.client_key import NewKey, read_key
from modules.auth.model.ids import canonical_id
from modules.auth.model.secret import LIVE_SECRETS, Peppers, new_client_secret
from modules.auth.port import (
    ClientDetail,
    ClientKind,
    ClientView,
    KeyRefused,
    KeyView,
    LastCredential,
    NoSuchClient,
    NoSuchKey,
    NoSuchSecret,
    SecretCreated,
    SecretShown,
    SecretView,
    ServiceClient,
    TwoKeys,
    TwoSecrets,
)
from modules.kernel.clock import Clock
from modules.kernel.database import Database, Transaction
from modules.kernel.idempotency import Answered, Once, Repeatable
from modules.kernel.ids import ClientId, new_id, service_id
from modules.kernel.principal import INTERNAL_SCOPE

SLOTS = range(1, LIVE_SECRETS + 1)


@dataclass(frozen=True, slots=True)
class Shown:
    """Which secret was shown: all that is remembered of it."""

    client_id: ClientId
    secret_id: UUID


class Credentials:
    """Gives clients secrets and keys, and takes them away."""

    def __init__(self, database: Database, peppers: Peppers, clock: Clock) -> None:
        self._database = database
        self._made: Once[Shown] = Once(database, Shown)
        self._changed: Once[ClientDetail] = Once(database, ClientDetail)
        self._peppers = peppers
        self._clock = clock

    async def admit(self, keys: Mapping[str, str], audiences: Mapping[str, Sequence[str]]) -> None:
        """Let modules of ours sign in, each with its key; told again, nothing changes. Secrets they have none.

        Raises:
            KeyRefused: one is no key that a client may have.
        """
        now = self._clock.now()
        for module in sorted(keys):
            id_, new = UUID(service_id(module)), _read(client_key.public_part, keys[module])
            rights = {"scopes": [INTERNAL_SCOPE], "audiences": list(audiences[module])}
            async with self._database.transaction() as transaction:
                await repository.clients.admit(transaction, id=id_, name=f"waybill {module}", now=now, **rights)
                live = _live(await repository.clients.keys(transaction, id_))
                if new.kid not in {one.kid for one in live}:
                    await repository.clients.make_room_for_key(transaction, id_, now)
                    await _add_key(transaction, id_, 1, new, now)
                await repository.clients.retire_secrets(transaction, id_, now)

    async def first_secret(self, transaction: Transaction, client_id: UUID, now: datetime) -> SecretCreated:
        """The secret of a client that has none."""
        return await self._add_secret(transaction, client_id, 1, now)

    async def rotate_secret(self, actor: str, client_id: ClientId, request: Repeatable | None = None) -> SecretCreated:
        """Give a client a second secret.

        Raises:
            SecretShown: the request was done before.
        """
        now = self._clock.now()
        secrets: list[SecretCreated] = []

        async def work(transaction: Transaction) -> Shown:
            row = customers(await locked(transaction, client_id))
            live = _live(await repository.clients.secrets(transaction, row.id))
            if len(live) >= LIVE_SECRETS:
                raise TwoSecrets(secrets=[str(one.id) for one in live])
            created = await self._add_secret(transaction, row.id, _free(live), now)
            await repository.audit.note(transaction, actor, "rotate_secret", now, row.id, created.id)
            secrets.append(created)
            return Shown(client_id, created.id)

        first_time(await self._made(request, work))
        return secrets[-1]

    async def retire_secret(
        self, actor: str, client_id: ClientId, secret_id: UUID, request: Repeatable | None = None
    ) -> Answered[ClientDetail]:
        """Have a secret be worth nothing."""

        async def work(transaction: Transaction) -> ClientDetail:
            row = await locked(transaction, client_id)
            known = await repository.clients.secrets(transaction, row.id)
            if secret_id not in {one.id for one in known}:
                raise NoSuchSecret(f"This client has no secret {secret_id}.")
            if secret_id in {one.id for one in _live(known)}:
                await _not_the_last(transaction, row.id)
                now = self._clock.now()
                await repository.clients.retire_secret(transaction, secret_id, now)
                await repository.audit.note(transaction, actor, "retire_secret", now, row.id, secret_id)
            return await self.detail(transaction, row)

        return await self._changed(request, work)

    async def add_key(
        self, actor: str, client_id: ClientId, public_key: str, request: Repeatable | None = None
    ) -> Answered[ClientDetail]:
        """Let a client sign in by what it signs with a key."""
        new, now = _read(read_key, public_key), self._clock.now()

        async def work(transaction: Transaction) -> ClientDetail:
            row = customers(await locked(transaction, client_id))
            live = _live(await repository.clients.keys(transaction, row.id))
            same = next((one for one in live if one.kid == new.kid), None)
            if same is not None and same.jwk != new.jwk:
                raise _refused("Another key of this client has this kid.")
            if same is None:
                if len(live) >= client_key.LIVE_KEYS:
                    raise TwoKeys(keys=[str(one.id) for one in live])
                id_ = await _add_key(transaction, row.id, _free(live), new, now)
                await repository.audit.note(transaction, actor, "add_key", now, row.id, id_, new.kid)
            return await self.detail(transaction, row)

        return await self._changed(request, work)

    async def retire_key(
        self, actor: str, client_id: ClientId, key_id: UUID, request: Repeatable | None = None
    ) -> Answered[ClientDetail]:
        """Have a key be worth nothing."""

        async def work(transaction: Transaction) -> ClientDetail:
            row = await locked(transaction, client_id)
            known = await repository.clients.keys(transaction, row.id)
            if key_id not in {one.id for one in known}:
                raise NoSuchKey(f"This client has no key {key_id}.")
            if key_id in {one.id for one in _live(known)}:
                await _not_the_last(transaction, row.id)
                now = self._clock.now()
                await repository.clients.retire_key(transaction, key_id, now)
                await repository.audit.note(transaction, actor, "retire_key", now, row.id, key_id)
            return await self.detail(transaction, row)

        return await self._changed(request, work)

    @staticmethod
    async def detail(transaction: Transaction, row: Any) -> ClientDetail:
        """A client with what it can sign in with."""
        secrets = _live(await repository.clients.secrets(transaction, row.id))
        keys = _live(await repository.clients.keys(transaction, row.id))
        return ClientDetail(
            client_view(row),
            tuple(SecretView(one.id, one.created_at, one.last_used_at) for one in secrets),
            tuple(KeyView(one.id, one.kid, one.algorithm, one.created_at, one.last_used_at) for one in keys),
        )

    async def _add_secret(self, transaction: Transaction, client_id: UUID, slot: int, now: datetime) -> SecretCreated:
        id_, secret, version = new_id(), new_client_secret(), self._peppers.current
        digest = self._peppers.digest(secret, version)
        await repository.clients.add_secret(
            transaction, id=id_, client_id=client_id, slot=slot, digest=digest, pepper_version=version, now=now
        )
        return SecretCreated(id_, secret)


def first_time(made: Answered[Shown]) -> None:
    """Let on whoever is shown a secret for the first time.

    Raises:
        SecretShown: it was shown before.
    """
    if made.replayed:
        shown = made.answer
        raise SecretShown(client_id=shown.client_id, secret_id=str(shown.secret_id))


async def locked(transaction: Transaction, client_id: ClientId) -> Any:
    """A client's row, locked.

    Raises:
        NoSuchClient: there is none of that id.
    """
    id_ = canonical_id(client_id)
    row = None if id_ is None else await repository.clients.lock(transaction, id_)
    if row is None:
        raise NoSuchClient(f"There is no client {client_id}.")
    return row


def customers(row: Any) -> Any:
    """The row, if it is no service's: who could give one of ours a secret or key would be that service.

    Raises:
        ServiceClient: it is.
    """
    if row.kind == ClientKind.SERVICE:
        raise ServiceClient
    return row


def client_view(row: Any) -> ClientView:
    """A client as the operator sees it."""
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


async def _add_key(transaction: Transaction, client_id: UUID, slot: int, new: NewKey, now: datetime) -> UUID:
    id_ = new_id()
    await repository.clients.add_key(transaction, id_, client_id, slot, new, now)
    return id_


async def _not_the_last(transaction: Transaction, client_id: UUID) -> None:
    secrets = _live(await repository.clients.secrets(transaction, client_id))
    if len(secrets) + len(_live(await repository.clients.keys(transaction, client_id))) == 1:
        raise LastCredential


def _read(read: Any, text: str) -> NewKey:
    try:
        new: NewKey = read(text)
    except client_key.KeyRefused as error:
        raise _refused(str(error)) from error
    return new


def _refused(why: str) -> KeyRefused:
    return KeyRefused(why, errors=[{"pointer": "/public_key", "code": "key", "detail": why}])


def _live(rows: Sequence[Any]) -> Sequence[Any]:
    return [one for one in rows if one.retired_at is None]


def _free(live: Sequence[Any]) -> int:
    return next(slot for slot in SLOTS if slot not in {one.slot for one in live})
