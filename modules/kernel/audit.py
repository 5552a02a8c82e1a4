"""Who changed what by hand, and when: what operators and clients do to things that are not their own orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from modules.kernel.database import Transaction, rows_json, sql

NOTE = sql("""
    INSERT INTO audit (actor, action, subject, details) VALUES (:actor, :action, :subject, CAST(:details AS json))
""")

NOTE_ALL = sql("""
    INSERT INTO audit (actor, action, subject, details) SELECT :actor, action, subject, details
    FROM json_to_recordset(CAST(:rows AS json)) AS r(action text, subject text, details json)
""")

CHANGES = sql("""
    SELECT id, at, actor, action, subject, details FROM audit
    WHERE (CAST(:subject AS text) IS NULL OR subject = :subject) AND id < :before AND details->'after' IS NOT NULL
    ORDER BY id DESC LIMIT :limit
""")

NEWEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Change:
    """`actor` did `action` to `subject`; `details` say what was before and after, where there is something to say."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    details: Mapping[str, object]


async def note(
    transaction: Transaction, actor: str, action: str, subject: str, details: Mapping[str, Any] | None = None
) -> None:
    """Write down who did what, in the transaction that does it."""
    listed = orjson.dumps(details or {}).decode()
    await transaction.execute(NOTE, actor=actor, action=action, subject=subject, details=listed)


async def note_all(transaction: Transaction, actor: str, done: Sequence[tuple[str, str, Mapping[str, Any]]]) -> None:
    """Write down many things that one actor did: each an action, its subject and the details."""
    rows = [{"action": action, "subject": subject, "details": details} for action, subject, details in done]
    if rows:
        await transaction.execute(NOTE_ALL, actor=actor, rows=rows_json(rows))


async def changes(
    reading: Transaction, limit: int, subject: str | None = None, before: int | None = None
) -> Sequence[Change]:
    """What was changed, of `subject` where one is named, the newest first, from behind the one of id `before`.

    What was done that has no `after` (a dead letter discarded) is no change of anything.
    """
    rows = await reading.fetch(CHANGES, limit=limit, subject=subject, before=NEWEST if before is None else before)
    return [Change(row.id, row.at, row.actor, row.action, row.subject, row.details) for row in rows]
