"""On the way to a token: one statement for a batch, however many requests."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from modules.auth.model.token import Issue, PresentedToken
from modules.kernel.database import Transaction, rows_json, sql

PRESENTED = sql("""
    SELECT r.digest, r.consumed_by, f.id AS family, f.client_id, f.generation, f.scopes, f.audience, f.expires_at,
        f.revoked_at IS NOT NULL AS revoked
    FROM refresh_token r JOIN token_family f ON f.id = r.family_id WHERE r.digest = ANY(CAST(:digests AS bytea[]))
""")

_ISSUES = """
    json_to_recordset(CAST(:rows AS json)) AS r(attempt uuid, family uuid, client uuid, generation int, scopes text[],
        audience text, family_expires_at timestamptz, digest text, jti uuid, access_expires_at timestamptz, spends text)
"""

# Doing nothing on conflict is what makes a repeat after a lost COMMIT answer harmless.
FOUND = sql(f"""
    WITH new AS (SELECT * FROM {_ISSUES}),
    founded AS (
        INSERT INTO token_family (id, client_id, generation, scopes, audience, created_at, expires_at)
        SELECT family, client, generation, scopes, audience, :now, family_expires_at FROM new
        ON CONFLICT (id) DO NOTHING)
    INSERT INTO refresh_token (digest, family_id, issued_at, access_jti, access_expires_at)
    SELECT decode(digest, 'hex'), family, :now, jti, access_expires_at FROM new
    ON CONFLICT (digest) DO NOTHING
""")  # noqa: S608  put together from constants

# One winner: whoever comes second waits for the family's lock, then finds the token consumed. All families that this
# transaction will touch are locked here, in the order of their ids, so that batches don't lock each other out.
# Whether they live is asked of what was locked, and a token is found by its digest alone, whose family is known: a plan
# made while the tables were small would else go through all families by their end, and through all tokens of each.
ROTATE = sql(f"""
    WITH asked AS (SELECT * FROM {_ISSUES}),
    locked AS (
        SELECT f.id, f.revoked_at, f.expires_at FROM token_family f
        WHERE f.id = ANY(:families) ORDER BY f.id FOR NO KEY UPDATE),
    spent AS (
        UPDATE refresh_token t SET consumed_at = :now, consumed_by = asked.attempt
        FROM asked JOIN locked ON locked.id = asked.family AND locked.revoked_at IS NULL AND locked.expires_at > :now
        WHERE t.digest = decode(asked.spends, 'hex') AND t.consumed_at IS NULL
        RETURNING asked.attempt),
    successor AS (
        INSERT INTO refresh_token (digest, family_id, issued_at, access_jti, access_expires_at)
        SELECT decode(digest, 'hex'), family, :now, jti, access_expires_at FROM asked JOIN spent USING (attempt))
    SELECT attempt FROM spent
""")  # noqa: S608  put together from constants

FAMILY = sql("SELECT revoked_at IS NOT NULL AS revoked, expires_at FROM token_family WHERE id = :family")


async def presented(reading: Transaction, digests: Sequence[bytes]) -> dict[bytes, PresentedToken]:
    """The refresh tokens of these digests that were ever issued."""
    rows = await reading.fetch(PRESENTED, digests=list(digests)) if digests else ()
    return {
        row.digest: PresentedToken(
            digest=row.digest,
            consumed_by=row.consumed_by,
            family=row.family,
            client_id=row.client_id,
            generation=row.generation,
            scopes=tuple(row.scopes),
            audience=row.audience,
            expires_at=row.expires_at,
            revoked=row.revoked,
        )
        for row in rows
    }


async def found_families(transaction: Transaction, issues: Sequence[Issue], now: datetime) -> None:
    """Store families that begin, each with its first refresh token. A repeat changes nothing."""
    await transaction.execute(FOUND, rows=rows_json([issue.row() for issue in issues]), now=now)


async def rotate(
    transaction: Transaction, issues: Sequence[Issue], doomed: Collection[UUID], now: datetime
) -> frozenset[UUID]:
    """Exchange refresh tokens for their successors; answers the attempts that succeeded.

    A token is exchanged once, in a family that is neither revoked nor over. `doomed` are families that this
    transaction will revoke: they are locked together with those of the tokens.
    """
    families = {issue.family for issue in issues} | set(doomed)
    rows = await transaction.fetch(
        ROTATE, rows=rows_json([issue.row() for issue in issues]), families=list(families), now=now
    )
    return frozenset(row.attempt for row in rows)


async def family(reading: Transaction, id_: UUID) -> Any:
    """Whether a family is revoked; `None` where there is none of that id (any more)."""
    rows = await reading.fetch(FAMILY, family=id_)
    return rows[0] if rows else None
