"""The keys that sign, and their life: pending, active, retiring, gone."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from modules.auth.model.key import SealedKey
from modules.kernel.database import Transaction, sql

# Of two processes that start at once one is refused by `signing_key_one_active`; both then read the same key.
ADD_ACTIVE = sql("""
    INSERT INTO signing_key (kid, state, x, y, private_sealed, created_at, activated_at)
    SELECT :kid, 'active', :x, :y, :private_sealed, :now, :now
    WHERE NOT EXISTS (SELECT FROM signing_key WHERE state = 'active')
    ON CONFLICT DO NOTHING
""")

ADD_PENDING = sql("""
    INSERT INTO signing_key (kid, state, x, y, private_sealed, created_at)
    VALUES (:kid, 'pending', :x, :y, :private_sealed, :now)
    ON CONFLICT DO NOTHING
""")

# Whoever comes second waits for the first, and finds no key active that it could retire.
RETIRE_ACTIVE = sql("""
    UPDATE signing_key SET state = 'retiring', retired_at = :now, private_sealed = NULL
    WHERE state = 'active' AND EXISTS (SELECT FROM signing_key WHERE state = 'pending' AND created_at <= :known_since)
""")
ACTIVATE = sql("UPDATE signing_key SET state = 'active', activated_at = :now WHERE state = 'pending'")

FORGET = sql("UPDATE signing_key SET state = 'gone' WHERE state = 'retiring' AND retired_at <= :retired_before")

WITHDRAW = sql("""
    UPDATE signing_key SET state = 'gone', retired_at = coalesce(retired_at, :now), private_sealed = NULL
    WHERE state <> 'gone'
""")

KEYS = sql("SELECT kid, state, x, y, private_sealed FROM signing_key WHERE state <> 'gone' ORDER BY created_at, kid")

LIVES = sql("""
    SELECT kid, state, created_at, activated_at, retired_at FROM signing_key ORDER BY created_at DESC, kid LIMIT :limit
""")


async def add_active(transaction: Transaction, key: SealedKey, now: datetime) -> bool:
    """Store the key that signs, unless there is one; answers whether it was stored."""
    return bool(await transaction.execute(ADD_ACTIVE, **_values(key), now=now))


async def add_pending(transaction: Transaction, key: SealedKey, now: datetime) -> bool:
    """Store the key that will sign next, unless there is one; answers whether it was stored."""
    return bool(await transaction.execute(ADD_PENDING, **_values(key), now=now))


async def advance(transaction: Transaction, now: datetime, known_since: datetime) -> bool:
    """Have the pending key sign in place of the active one, if it was published by `known_since`; answers whether."""
    if not await transaction.execute(RETIRE_ACTIVE, now=now, known_since=known_since):
        return False
    return bool(await transaction.execute(ACTIVATE, now=now))


async def forget(transaction: Transaction, retired_before: datetime) -> None:
    """Publish keys no more that retired so long ago that nothing they signed is alive."""
    await transaction.execute(FORGET, retired_before=retired_before)


async def withdraw(transaction: Transaction, now: datetime) -> None:
    """Publish none of the keys any more: what they signed is to be refused."""
    await transaction.execute(WITHDRAW, now=now)


async def known(reading: Transaction) -> Sequence[tuple[str, SealedKey]]:
    """Every key that verifiers may meet, each with its state, the oldest first."""
    return [(row.state, SealedKey(row.kid, row.x, row.y, row.private_sealed)) for row in await reading.fetch(KEYS)]


async def lives(reading: Transaction, limit: int) -> Sequence[Any]:
    """What became of the keys, the newest first."""
    return await reading.fetch(LIVES, limit=limit)


def _values(key: SealedKey) -> dict[str, Any]:
    return {"kid": key.kid, "x": key.x, "y": key.y, "private_sealed": key.private_sealed}
