"""Clients and their secrets."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from modules.auth.model.client_key import NewKey
from modules.kernel.database import Transaction, sql

ADD_CLIENT = sql("""
    INSERT INTO client (id, name, kind, scopes, audiences, created_at, created_by)
    VALUES (:id, :name, :kind, :scopes, :audiences, :now, :actor)
""")

ADD_SECRET = sql("""
    INSERT INTO client_secret (id, client_id, slot, digest, pepper_version, created_at)
    VALUES (:id, :client_id, :slot, :digest, :pepper_version, :now)
""")

ADD_KEY = sql("""
    INSERT INTO client_key (id, client_id, slot, kid, algorithm, jwk, created_at)
    VALUES (:id, :client_id, :slot, :kid, :algorithm, CAST(:jwk AS json), :now)
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

# Of whom a token is just issued waits for that: a family can't be of nobody. Then the families, then the counter.
LOCK_TO_DELETE = sql("SELECT FROM client WHERE id = :id FOR UPDATE")
DELETE_FAMILIES = sql("""
    DELETE FROM token_family WHERE id IN (
        SELECT id FROM token_family WHERE client_id = :id ORDER BY id FOR UPDATE)
""")

SECRETS = sql("""
    SELECT id, slot, digest, created_at, last_used_at, retired_at FROM client_secret WHERE client_id = :client_id
    ORDER BY created_at DESC, id DESC
""")

KEYS = sql("""
    SELECT id, slot, kid, algorithm, jwk, created_at, last_used_at, retired_at FROM client_key
    WHERE client_id = :client_id ORDER BY created_at DESC, id DESC
""")

# The client's row is locked, then the counter: always in this order. Tokens that are issued meanwhile have the old generation.
RAISE_GENERATION = sql("""
    WITH raised AS (
        UPDATE client SET generation = generation + 1 WHERE id = :id RETURNING id, generation),
    counter AS (
        INSERT INTO revocation_counter AS c (id, last) VALUES (true, 1)
        ON CONFLICT (id) DO UPDATE SET last = c.last + 1
        RETURNING last)
    INSERT INTO revocation (sequence, client_id, generation, at, until)
    SELECT counter.last, raised.id, raised.generation, :now, :until FROM raised CROSS JOIN counter
""")

DISABLE = sql("UPDATE client SET disabled_at = :now WHERE id = :id")

ENABLE = sql("UPDATE client SET disabled_at = NULL WHERE id = :id")

UPDATE = sql("UPDATE client SET name = :name, scopes = :scopes, audiences = :audiences WHERE id = :id")

DELETE = sql("DELETE FROM client WHERE id = :id")

RETIRE_SECRET = sql("UPDATE client_secret SET retired_at = :now WHERE id = :id AND retired_at IS NULL")
RETIRE_KEY = sql("UPDATE client_key SET retired_at = :now WHERE id = :id AND retired_at IS NULL")
RETIRE_SECRETS = sql("UPDATE client_secret SET retired_at = :now WHERE client_id = :client_id AND retired_at IS NULL")

# The one before it stays good until the next change: not every process is told at the same moment.
RETIRE_SECOND_KEY = sql("""
    UPDATE client_key SET retired_at = :now WHERE client_id = :client_id AND slot = 2 AND retired_at IS NULL
""")
MAKE_SECOND_KEY = sql("UPDATE client_key SET slot = 2 WHERE client_id = :client_id AND slot = 1 AND retired_at IS NULL")

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


async def keys(reading: Transaction, client_id: UUID) -> Sequence[Any]:
    """A client's keys, the newest first, retired ones included."""
    return await reading.fetch(KEYS, client_id=client_id)


async def add_key(transaction: Transaction, id_: UUID, client_id: UUID, slot: int, new: NewKey, now: datetime) -> None:
    """Store a public key.

    Raises:
        ConstraintViolated: `client_key_two_live`: the slot has a live one; `client_key_once`: it is there already.
    """
    values = {"kid": new.kid, "algorithm": new.algorithm, "jwk": orjson.dumps(new.jwk).decode()}
    await transaction.execute(ADD_KEY, id=id_, client_id=client_id, slot=slot, now=now, **values)


async def end_tokens(transaction: Transaction, id_: UUID, now: datetime, until: datetime) -> None:
    """Raise the generation of a client whose row is locked, and tell the verifiers."""
    await transaction.execute(RAISE_GENERATION, id=id_, now=now, until=until)


async def disable(transaction: Transaction, id_: UUID, now: datetime) -> None:
    """Let a client sign in no more."""
    await transaction.execute(DISABLE, id=id_, now=now)


async def enable(transaction: Transaction, id_: UUID) -> None:
    """Let a client sign in."""
    await transaction.execute(ENABLE, id=id_)


async def update(transaction: Transaction, **values: Any) -> None:
    """Give a client another name, and other scopes and audiences."""
    await transaction.execute(UPDATE, **values)


async def delete(transaction: Transaction, id_: UUID, now: datetime, until: datetime) -> None:
    """Forget a client whose row is locked, with all that is its, and tell the verifiers.

    What others lock, too, is locked in the order in which they do.
    """
    await transaction.execute(LOCK_TO_DELETE, id=id_)
    await transaction.execute(DELETE_FAMILIES, id=id_)
    await end_tokens(transaction, id_, now, until)
    await transaction.execute(DELETE, id=id_)


async def retire_secret(transaction: Transaction, id_: UUID, now: datetime) -> None:
    """Retire a secret."""
    await transaction.execute(RETIRE_SECRET, id=id_, now=now)


async def retire_secrets(transaction: Transaction, client_id: UUID, now: datetime) -> None:
    """Retire all secrets of a client."""
    await transaction.execute(RETIRE_SECRETS, client_id=client_id, now=now)


async def retire_key(transaction: Transaction, id_: UUID, now: datetime) -> None:
    """Retire a key."""
    await transaction.execute(RETIRE_KEY, id=id_, now=now)


async def make_room_for_key(transaction: Transaction, client_id: UUID, now: datetime) -> None:
    """Have a client's first slot be free: what was there goes to the second, what was there is retired."""
    await transaction.execute(RETIRE_SECOND_KEY, client_id=client_id, now=now)
    await transaction.execute(MAKE_SECOND_KEY, client_id=client_id)


async def listed(reading: Transaction, after: UUID, limit: int) -> Sequence[Any]:
    """Clients by age."""
    return await reading.fetch(LIST_CLIENTS, after=after, limit=limit)
