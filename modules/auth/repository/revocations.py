"""What is no longer good, and in which order it was said."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from modules.kernel.database import Transaction, sql

# The families are locked first, then the counter: always in this order.
REVOKE_FAMILIES = sql("""
    WITH doomed AS (
        SELECT id FROM token_family WHERE id = ANY(:families) AND revoked_at IS NULL ORDER BY id FOR NO KEY UPDATE),
    revoked AS (
        UPDATE token_family f SET revoked_at = :now, reason = :reason FROM doomed WHERE f.id = doomed.id
        RETURNING f.id),
    counter AS (
        INSERT INTO revocation_counter AS c (id, last)
        SELECT true, n FROM (SELECT count(*) AS n FROM revoked) AS counted WHERE n > 0
        ON CONFLICT (id) DO UPDATE SET last = c.last + excluded.last
        RETURNING last)
    INSERT INTO revocation (sequence, family_id, at, until)
    SELECT counter.last + 1 - row_number() OVER (ORDER BY revoked.id DESC), revoked.id, :now, :until
    FROM revoked CROSS JOIN counter
""")

REVOCATIONS = sql("""
    SELECT sequence, family_id, client_id, generation, until FROM revocation
    WHERE sequence > :after ORDER BY sequence LIMIT :limit
""")


async def revoke_families(
    transaction: Transaction, families: Sequence[UUID], reason: str, now: datetime, until: datetime
) -> int:
    """Revoke families and tell the verifiers; answers how many were not revoked before.

    `until` is when the last of their access tokens is over.
    """
    values: Mapping[str, Any] = {"families": list(families), "reason": reason, "now": now, "until": until}
    return await transaction.execute(REVOKE_FAMILIES, **values)


async def since(reading: Transaction, after: int, limit: int) -> Sequence[Any]:
    """What was revoked since `after`, in order."""
    return await reading.fetch(REVOCATIONS, after=after, limit=limit)
