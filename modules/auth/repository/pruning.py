"""What is over, taken away in small batches."""

from collections.abc import Mapping
from datetime import datetime

from modules.kernel.database import Transaction, sql

# Which rows they are is found out once, before any is deleted: in a plan that asked again for each row, those that are
# gone by then would be skipped and others taken, past the limit.

# A family is of no use to anyone once it is over: its access tokens live far shorter. Its refresh tokens go with it, and
# not before: a used one is a thief's for as long as its family lives.
FAMILIES = sql("""
    WITH old AS MATERIALIZED (
        SELECT id FROM token_family WHERE expires_at < :now ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    DELETE FROM token_family WHERE id IN (SELECT id FROM old)
""")

# Of a client's families those are given up that were not refreshed for longest, once their access tokens are over.
SURPLUS = sql("""
    WITH old AS MATERIALIZED (
        SELECT id FROM token_family WHERE id IN (
            SELECT id FROM (
                SELECT f.id, r.access_expires_at,
                    row_number() OVER (PARTITION BY f.client_id ORDER BY r.issued_at DESC NULLS LAST, f.id DESC) AS place
                FROM token_family f LEFT JOIN refresh_token r ON r.family_id = f.id AND r.consumed_at IS NULL
                WHERE f.client_id IN (SELECT client_id FROM token_family GROUP BY client_id HAVING count(*) > :kept)
            ) AS placed
            WHERE place > :kept AND coalesce(access_expires_at < :now, true) LIMIT 10 * :limit)
        ORDER BY id FOR UPDATE SKIP LOCKED)
    DELETE FROM token_family WHERE id IN (SELECT id FROM old)
""")

REVOCATIONS = sql("""
    WITH old AS MATERIALIZED (
        SELECT sequence FROM revocation WHERE until < :now ORDER BY until LIMIT :limit FOR UPDATE SKIP LOCKED)
    DELETE FROM revocation WHERE sequence IN (SELECT sequence FROM old)
""")

ASSERTIONS = sql("""
    WITH old AS MATERIALIZED (
        SELECT client_id, jti FROM assertion_jti WHERE expires_at < :now
        ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    DELETE FROM assertion_jti WHERE (client_id, jti) IN (SELECT client_id, jti FROM old)
""")

SECRETS = sql("""
    WITH old AS MATERIALIZED (
        SELECT id FROM client_secret WHERE retired_at < :retired_before
        ORDER BY retired_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    DELETE FROM client_secret WHERE id IN (SELECT id FROM old)
""")

KEYS = sql("""
    WITH old AS MATERIALIZED (
        SELECT id FROM client_key WHERE retired_at < :retired_before
        ORDER BY retired_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    DELETE FROM client_key WHERE id IN (SELECT id FROM old)
""")

FAILURES = sql("""
    WITH old AS MATERIALIZED (
        SELECT id FROM failed_authentication WHERE minute < :failed_before
        ORDER BY minute LIMIT :limit FOR UPDATE SKIP LOCKED)
    DELETE FROM failed_authentication WHERE id IN (SELECT id FROM old)
""")


async def prune(
    transaction: Transaction,
    now: datetime,
    *,
    kept: int,
    retired_before: datetime,
    failed_before: datetime,
    limit: int,
) -> Mapping[str, int]:
    """Delete what is over, about `limit` rows of a kind; answers how many of each. Two at once share the work.

    `kept` is how many families of a client stay.
    """
    return {
        "families": await transaction.execute(FAMILIES, now=now, limit=limit),
        "surplus": await transaction.execute(SURPLUS, now=now, kept=kept, limit=limit),
        "revocations": await transaction.execute(REVOCATIONS, now=now, limit=limit),
        "assertions": await transaction.execute(ASSERTIONS, now=now, limit=limit),
        "secrets": await transaction.execute(SECRETS, retired_before=retired_before, limit=limit),
        "keys": await transaction.execute(KEYS, retired_before=retired_before, limit=limit),
        "failures": await transaction.execute(FAILURES, failed_before=failed_before, limit=limit),
    }
