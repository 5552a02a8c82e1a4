"""By what clients are recognised: one statement for a batch, however many requests."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from modules.auth.model.client_key import StoredKey
from modules.auth.model.secret import StoredSecret
from modules.auth.model.token import KnownClient
from modules.auth.port import ClientKind
from modules.kernel.database import Transaction, rows_json, sql

NOTICE_EVERY = timedelta(minutes=1)

CLIENTS = sql("""
    SELECT c.id, c.kind, c.scopes, c.audiences, c.generation, c.disabled_at IS NOT NULL AS disabled,
        s.id AS secret_id, s.digest, s.pepper_version,
        s.last_used_at IS NULL OR s.last_used_at < :noticed_before AS unnoticed
    FROM client c LEFT JOIN client_secret s ON s.client_id = c.id AND s.retired_at IS NULL
    WHERE c.id = ANY(:ids) ORDER BY s.slot
""")

KEYS = sql("""
    SELECT id, client_id, kid, algorithm, jwk, last_used_at IS NULL OR last_used_at < :noticed_before AS unnoticed
    FROM client_key WHERE client_id = ANY(:ids) AND retired_at IS NULL ORDER BY slot
""")

# Whoever comes second waits for the first, and finds the assertion used.
SPEND = sql("""
    INSERT INTO assertion_jti (client_id, jti, attempt, expires_at)
    SELECT client, jti, attempt, expires_at
    FROM json_to_recordset(CAST(:rows AS json)) AS r(client uuid, jti text, attempt uuid, expires_at timestamptz)
    ORDER BY client, jti
    ON CONFLICT (client_id, jti) DO NOTHING
    RETURNING attempt
""")

# A repeat of an attempt finds its own: in a new statement, which sees what the one before it had to wait for.
SPENT = sql("""
    SELECT r.attempt
    FROM json_to_recordset(CAST(:rows AS json)) AS r(client uuid, jti text, attempt uuid)
    JOIN assertion_jti a ON a.client_id = r.client AND a.jti = r.jti
    WHERE a.attempt = r.attempt
""")

# A row that someone else is just noting is left to them.
NOTICE = sql("""
    UPDATE client_secret SET last_used_at = :now WHERE id IN (
        SELECT id FROM client_secret WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
""")

NOTICE_KEYS = sql("""
    UPDATE client_key SET last_used_at = :now WHERE id IN (
        SELECT id FROM client_key WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
""")

# Only what was recognised under an earlier pepper: what its secret is is known at this moment and at no other.
RENEW = sql("""
    UPDATE client_secret s SET digest = decode(r.digest, 'hex'), pepper_version = :version
    FROM json_to_recordset(CAST(:rows AS json)) AS r(id uuid, digest text)
    WHERE s.id IN (SELECT id FROM client_secret WHERE id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
        AND s.id = r.id AND s.pepper_version < :version
""")


async def clients(reading: Transaction, ids: Sequence[UUID], now: datetime) -> dict[UUID, KnownClient]:
    """The clients of these ids that exist, with what recognises their live secrets."""
    found: dict[UUID, list[Any]] = {}
    for row in await reading.fetch(CLIENTS, ids=list(ids), noticed_before=now - NOTICE_EVERY):
        found.setdefault(row.id, []).append(row)
    return {id_: _client(rows) for id_, rows in found.items()}


def _client(rows: Sequence[Any]) -> KnownClient:
    first = rows[0]
    live = [row for row in rows if row.secret_id is not None]
    return KnownClient(
        id=first.id,
        kind=ClientKind(first.kind),
        scopes=tuple(first.scopes),
        audiences=tuple(first.audiences),
        generation=first.generation,
        disabled=first.disabled,
        secrets=tuple(StoredSecret(row.secret_id, row.digest, row.pepper_version) for row in live),
        unnoticed=frozenset(row.secret_id for row in live if row.unnoticed),
    )


async def keys(reading: Transaction, ids: Sequence[UUID], now: datetime) -> Mapping[UUID, Sequence[StoredKey]]:
    """The live keys of these clients."""
    found: dict[UUID, list[StoredKey]] = {}
    for row in await reading.fetch(KEYS, ids=list(ids), noticed_before=now - NOTICE_EVERY):
        key = StoredKey(row.id, row.kid, row.algorithm, row.jwk, unnoticed=row.unnoticed)
        found.setdefault(row.client_id, []).append(key)
    return found


async def spend(transaction: Transaction, assertions: Sequence[Mapping[str, Any]]) -> frozenset[UUID]:
    """Use up assertions, each `{client, jti, attempt, expires_at}`; answers the attempts whose was not used before."""
    rows = await transaction.fetch(SPEND, rows=rows_json(assertions))
    if len(rows) < len(assertions):
        rows = [*rows, *await transaction.fetch(SPENT, rows=rows_json(assertions))]
    return frozenset(row.attempt for row in rows)


async def notice(transaction: Transaction, secrets: Sequence[UUID], keys: Sequence[UUID], now: datetime) -> None:
    """Note that these secrets and keys were used."""
    if secrets:
        await transaction.execute(NOTICE, ids=list(secrets), now=now)
    if keys:
        await transaction.execute(NOTICE_KEYS, ids=list(keys), now=now)


async def renew(transaction: Transaction, digests: Mapping[UUID, bytes], version: int) -> None:
    """Keep these secrets under another version of the pepper."""
    rows = [{"id": id_, "digest": digest.hex()} for id_, digest in digests.items()]
    await transaction.execute(RENEW, rows=rows_json(rows), ids=list(digests), version=version)
