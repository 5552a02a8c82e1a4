"""Who did what, and who tried to be whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from modules.kernel.database import Transaction, rows_json, sql

NOTE = sql("""
    INSERT INTO audit (at, actor, action, client_id, secret_id, kid)
    VALUES (:now, :actor, :action, :client_id, :secret_id, :kid)
""")

# In one order, so that two batches don't wait for each other.
FAILED = sql("""
    INSERT INTO failed_authentication AS f (minute, client_id, address, times, last_at)
    SELECT date_trunc('minute', CAST(:now AS timestamptz), 'UTC'), client, address, times, :now
    FROM json_to_recordset(CAST(:rows AS json)) AS r(client uuid, address text, times bigint)
    ORDER BY client, address
    ON CONFLICT (minute, client_id, address) DO UPDATE
    SET times = f.times + excluded.times, last_at = greatest(f.last_at, excluded.last_at)
""")


CHANGES = sql("""
    SELECT at, actor, action, client_id, secret_id, kid FROM audit
    WHERE CAST(:client_id AS uuid) IS NULL OR client_id = :client_id ORDER BY id DESC LIMIT :limit
""")

FAILURES = sql("""
    SELECT minute, client_id, address, times FROM failed_authentication
    WHERE CAST(:client_id AS uuid) IS NULL OR client_id = :client_id ORDER BY minute DESC, id DESC LIMIT :limit
""")


async def changes(reading: Transaction, client_id: UUID | None, limit: int) -> Sequence[Any]:
    """What was done, the newest first."""
    return await reading.fetch(CHANGES, client_id=client_id, limit=limit)


async def failures(reading: Transaction, client_id: UUID | None, limit: int) -> Sequence[Any]:
    """Who failed to be a client, the newest first."""
    return await reading.fetch(FAILURES, client_id=client_id, limit=limit)


async def note(
    transaction: Transaction,
    actor: str,
    action: str,
    now: datetime,
    client_id: UUID | None = None,
    secret_id: UUID | None = None,
    kid: str | None = None,
) -> None:
    """Write down who did what to a client, to one of its credentials, or to a key that signs."""
    await transaction.execute(
        NOTE, actor=actor, action=action, now=now, client_id=client_id, secret_id=secret_id, kid=kid
    )


async def failed(transaction: Transaction, tries: Mapping[tuple[UUID | None, str], int], now: datetime) -> None:
    """Count who failed to be which client, by client (none: there is none such) and address."""
    rows = [{"client": client, "address": address, "times": times} for (client, address), times in tries.items()]
    await transaction.execute(FAILED, rows=rows_json(rows), now=now)
