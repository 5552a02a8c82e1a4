"""The keys that sign."""

from collections.abc import Sequence
from datetime import datetime

from modules.auth.model.key import SealedKey
from modules.kernel.database import Transaction, sql

# Of two processes that start at once one is refused by `signing_key_one_active`; both then read the same key.
ADD_ACTIVE_KEY = sql("""
    INSERT INTO signing_key (kid, state, x, y, private_sealed, created_at, activated_at)
    SELECT :kid, 'active', :x, :y, :private_sealed, :now, :now
    WHERE NOT EXISTS (SELECT FROM signing_key WHERE state = 'active')
    ON CONFLICT DO NOTHING
""")

KEYS = sql("SELECT kid, state, x, y, private_sealed FROM signing_key WHERE state <> 'gone' ORDER BY created_at, kid")


async def add_active(transaction: Transaction, key: SealedKey, now: datetime) -> bool:
    """Store the key that signs, unless there is one; answers whether it was stored."""
    return bool(
        await transaction.execute(
            ADD_ACTIVE_KEY, kid=key.kid, x=key.x, y=key.y, private_sealed=key.private_sealed, now=now
        )
    )


async def known(reading: Transaction) -> Sequence[tuple[str, SealedKey]]:
    """Every key that verifiers may meet, each with its state, the oldest first."""
    return [(row.state, SealedKey(row.kid, row.x, row.y, row.private_sealed)) for row in await reading.fetch(KEYS)]
