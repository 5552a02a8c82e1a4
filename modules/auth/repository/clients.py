"""Clients and their secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from modules.kernel.database import Transaction, sql

ADD_CLIENT = sql("""
    INSERT INTO client (id, name, kind, scopes, audiences, created_at, created_by)
    VALUES (:id, :name, :kind, :scopes, :audiences, :now, :actor)
""")

ADD_SECRET = sql("""
    INSERT INTO client_secret (id, client_id, slot, digest, pepper_version, created_at)
    VALUES (:id, :client_id, :slot, :digest, :pepper_version, :now)
""")

# A service of ours is the same client in every installation. What it may do follows the release, who disabled it is heeded.
ADMIT = sql("""
    INSERT INTO client (id, name, kind, scopes, audiences, created_at, created_by)
    VALUES (:id, :name, 'service', :scopes, :audiences, :now, 'waybill')
    ON CONFLICT (id) DO UPDATE SET scopes = excluded.scopes, audiences = excluded.audiences
""")

LOCK_CLIENT = sql("""
    SELECT id, name, kind, scopes, audiences, created_at, created_by, disabled_at, generation FROM client
    WHERE id = :id FOR NO KEY UPDATE
""")

SECRETS = sql("""
    SELECT id, slot, digest, created_at, last_used_at, retired_at FROM client_secret WHERE client_id = :client_id
    ORDER BY created_at DESC, id DESC
""")

# The client's row is locked, then the counter: always in this order. Tokens that are issued meanwhile have the old generation.
RAISE_GENERATION = sql("""
    WITH raised AS (
        UPDATE client SET generation = generation + 1, disabled_at = :now WHERE id = :id RETURNING id, generation),
    counter AS (
        INSERT INTO revocation_counter AS c (id, last) VALUES (true, 1)
        ON CONFLICT (id) DO UPDATE SET last = c.last + 1
        RETURNING last)
    INSERT INTO revocation (sequence, client_id, generation, at, until)
    SELECT counter.last, raised.id, raised.generation, :now, :until FROM raised CROSS JOIN counter
""")

ENABLE = sql("UPDATE client SET disabled_at = NULL WHERE id = :id")

RETIRE = sql("UPDATE client_secret SET retired_at = :now WHERE id = :id AND retired_at IS NULL")

# The one before it stays good until the next change: not every process is told at the same moment.
RETIRE_SECOND = sql("""
    UPDATE client_secret SET retired_at = :now WHERE client_id = :client_id AND slot = 2 AND retired_at IS NULL
""")

MAKE_SECOND = sql("UPDATE client_secret SET slot = 2 WHERE client_id = :client_id AND slot = 1 AND retired_at IS NULL")

LIST_CLIENTS = sql("""
    SELECT id, name, kind, scopes, audiences, created_at, created_by, disabled_at FROM client
    WHERE id > :after ORDER BY id LIMIT :limit
""")


async def add(transaction: Transaction, **values: Any) -> None:
    """Store a client."""
    await transaction.execute(ADD_CLIENT, **values)


async def add_secret(transaction: Transaction, **values: Any) -> None:
    """Store what recognises a secret.

    Raises:
        ConstraintViolated: `client_secret_two_live`: the slot has a live one.
    """
    await transaction.execute(ADD_SECRET, **values)


async def admit(transaction: Transaction, **values: Any) -> None:
    """Store a service of ours, or what it may do by now; its row is locked."""
    await transaction.execute(ADMIT, **values)


async def lock(transaction: Transaction, id_: UUID) -> Any:
    """A client's row, locked; `None` where there is none of that id."""
    rows = await transaction.fetch(LOCK_CLIENT, id=id_)
    return rows[0] if rows else None


async def secrets(reading: Transaction, client_id: UUID) -> Sequence[Any]:
    """A client's secrets, the newest first, retired ones included."""
    return await reading.fetch(SECRETS, client_id=client_id)


async def disable(transaction: Transaction, id_: UUID, now: datetime, until: datetime) -> None:
    """Disable a client whose row is locked, raise its generation, and tell the verifiers."""
    await transaction.execute(RAISE_GENERATION, id=id_, now=now, until=until)


async def enable(transaction: Transaction, id_: UUID) -> None:
    """Let a client sign in."""
    await transaction.execute(ENABLE, id=id_)


async def retire(transaction: Transaction, id_: UUID, now: datetime) -> None:
    """Retire a secret."""
    await transaction.execute(RETIRE, id=id_, now=now)


async def make_room(transaction: Transaction, client_id: UUID, now: datetime) -> None:
    """Have a client's first slot be free: what was there goes to the second, what was there is retired."""
    await transaction.execute(RETIRE_SECOND, client_id=client_id, now=now)
    await transaction.execute(MAKE_SECOND, client_id=client_id)


async def listed(reading: Transaction, after: UUID, limit: int) -> Sequence[Any]:
    """Clients by age."""
    return await reading.fetch(LIST_CLIENTS, after=after, limit=limit)
