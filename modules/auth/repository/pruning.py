"""What is over, taken away in small batches."""

from datetime import datetime

from modules.kernel.database import Transaction, sql

# A family is of no use to anyone once it is over: its access tokens live far shorter. Its refresh tokens go with it.
PRUNE_FAMILIES = sql("""
    DELETE FROM token_family WHERE id IN (
        SELECT id FROM token_family WHERE expires_at < :before ORDER BY expires_at LIMIT :limit FOR UPDATE SKIP LOCKED)
""")

# Of a chain of refreshes only what may still come back is kept: a used token is a thief's for as long as its family lives,
# so links go with their family and not before.
PRUNE_REVOCATIONS = sql("""
    DELETE FROM revocation WHERE sequence IN (
        SELECT sequence FROM revocation WHERE until < :before ORDER BY until LIMIT :limit FOR UPDATE SKIP LOCKED)
""")

PRUNE_SECRETS = sql("""
    DELETE FROM client_secret WHERE id IN (
        SELECT id FROM client_secret WHERE retired_at < :before ORDER BY retired_at LIMIT :limit FOR UPDATE SKIP LOCKED)
""")


async def prune(transaction: Transaction, now: datetime, retired_before: datetime, limit: int) -> int:
    """Delete what is over, at most `limit` rows of a kind; answers how many. Two at once share the work."""
    families = await transaction.execute(PRUNE_FAMILIES, before=now, limit=limit)
    revocations = await transaction.execute(PRUNE_REVOCATIONS, before=now, limit=limit)
    return families + revocations + await transaction.execute(PRUNE_SECRETS, before=retired_before, limit=limit)
