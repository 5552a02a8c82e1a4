"""Requests that may be repeated: each is done once per client and key, and a repeat gets the first one's answer.

Source: draft-ietf-httpapi-idempotency-key-header, 2.6. Refusals are not remembered: they have changed nothing.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, TypeVar

import orjson
from pydantic import TypeAdapter

from modules.kernel.database import Database, Transaction, sql
from modules.kernel.errors import Invalid
from modules.kernel.ids import ClientId

_T = TypeVar("_T")

REMEMBERED = timedelta(hours=24)


class RequestKeyReused(Invalid, code="idempotency_key_reused"):
    """This `Idempotency-Key` came with another request before, within 24 hours."""


# Waits for the same key in flight. A row that is over is taken like none.
CLAIM = sql("""
    INSERT INTO idempotency AS i (client_id, key, fingerprint) VALUES (:client_id, :key, :fingerprint)
    ON CONFLICT (client_id, key) DO UPDATE SET fingerprint = excluded.fingerprint, answer = NULL, at = now()
    WHERE i.at <= now() - CAST(:remembered AS interval)
    RETURNING true AS claimed
""")

EARLIER = sql("""
    SELECT fingerprint, CAST(answer AS text) AS answer FROM idempotency WHERE client_id = :client_id AND key = :key
""")

KEEP = sql("UPDATE idempotency SET answer = CAST(:answer AS json) WHERE client_id = :client_id AND key = :key")

FORGET = sql("""
    WITH old AS MATERIALIZED (
        SELECT client_id, key FROM idempotency WHERE at <= now() - CAST(:remembered AS interval)
        ORDER BY at LIMIT :limit FOR UPDATE SKIP LOCKED)
    DELETE FROM idempotency WHERE (client_id, key) IN (SELECT client_id, key FROM old)
""")


def fingerprint(request: Any) -> str:
    """What makes two requests the same: SHA-256 of what was validated as canonical JSON, in hexadecimal."""
    return hashlib.sha256(orjson.dumps(request, option=orjson.OPT_SORT_KEYS)).hexdigest()


@dataclass(frozen=True, slots=True)
class Repeatable:
    """A request that its client may send again: under the same `key` it is the same request."""

    client_id: ClientId
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Answered(Generic[_T]):
    """An answer; `replayed` says that it is an earlier request's."""

    answer: _T
    replayed: bool = False


class Once(Generic[_T]):
    """Does a use case whose answers are of type `kind` once per key."""

    def __init__(self, database: Database, kind: Any) -> None:
        self._database = database
        self._kind: TypeAdapter[_T] = TypeAdapter(kind)

    async def __call__(self, request: Repeatable | None, work: Callable[[Transaction], Awaitable[_T]]) -> Answered[_T]:
        """Do `work` in a transaction in which its answer is remembered; where that was done before, give the answer.

        Without a `request` nothing is remembered.

        Raises:
            RequestKeyReused: the key came with another request before.
        """
        async with self._database.transaction() as transaction:
            if request is not None and (earlier := await _claim(transaction, request)) is not None:
                return Answered(self._kind.validate_json(earlier), replayed=True)
            answer = await work(transaction)
            if request is not None:
                kept = self._kind.dump_json(answer).decode()
                await transaction.execute(KEEP, client_id=request.client_id, key=request.key, answer=kept)
        return Answered(answer)


async def _claim(transaction: Transaction, request: Repeatable) -> str | None:
    """The answer that was given under this key, in JSON; `None` where this is the first request."""
    mine = {"client_id": request.client_id, "key": request.key}
    if await transaction.fetch(CLAIM, **mine, fingerprint=request.fingerprint, remembered=REMEMBERED):
        return None
    # In a statement of its own, so that it sees what the one before waited for.
    (row,) = await transaction.fetch(EARLIER, **mine)
    if row.fingerprint != request.fingerprint:
        raise RequestKeyReused("This Idempotency-Key came with another request before.")
    answer: str = row.answer
    return answer


async def forget(database: Database, limit: int) -> int:
    """Take away up to `limit` answers that are over; answers how many."""
    async with database.single() as transaction:
        return await transaction.execute(FORGET, remembered=REMEMBERED, limit=limit)
