"""What was done to clients and keys, and who failed to be a client."""

from collections.abc import Sequence
from uuid import UUID

from modules.auth import repository
from modules.auth.model.ids import canonical_id
from modules.auth.port import AuditEntry, FailedAuthentications, NoSuchClient
from modules.kernel.database import Database
from modules.kernel.ids import ClientId

A_PAGE = 200


class Auditing:
    """Tells what was written down."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def changes(self, client_id: ClientId | None, limit: int) -> Sequence[AuditEntry]:
        """What operators did, the newest first."""
        async with self._database.reading() as reading:
            rows = await repository.audit.changes(reading, _id(client_id), _bound(limit))
        return [
            AuditEntry(row.at, row.actor, row.action, _client(row.client_id), row.secret_id, row.kid) for row in rows
        ]

    async def failures(self, client_id: ClientId | None, limit: int) -> Sequence[FailedAuthentications]:
        """Who failed to be a client, the newest first."""
        async with self._database.reading() as reading:
            rows = await repository.audit.failures(reading, _id(client_id), _bound(limit))
        return [FailedAuthentications(row.minute, _client(row.client_id), row.address, row.times) for row in rows]


def _bound(limit: int) -> int:
    return max(1, min(limit, A_PAGE))


def _client(id_: UUID | None) -> ClientId | None:
    return None if id_ is None else ClientId(str(id_))


def _id(client_id: ClientId | None) -> UUID | None:
    if client_id is None:
        return None
    id_ = canonical_id(client_id)
    if id_ is None:
        raise NoSuchClient(f"There is no client {client_id}.")
    return id_
