"""What arrives: how far a module is with the events it follows, and those that it has given up on."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from modules.kernel.audit import note
from modules.kernel.database import Database, Transaction, rows_json
from modules.kernel.events import source_of
from modules.kernel.inbox import MOVE_CURSORS, UNPARK, locked
from modules.kernel.mailroom import statements
from modules.kernel.mailroom.port import DeadLetter, Handling, LetterNotNext, LetterPlace, NoDeadLetter, TraceStep

FIRST: LetterPlace = ("", UUID(int=0), 0)


class Arrivals:
    """Fulfils `InboxOperatorPort` but for what else a module knows to tell of an order; `FOLLOWS` names its sources."""

    FOLLOWS: ClassVar[Sequence[str]] = ()
    _database: Database

    async def dead_letters(self, after: LetterPlace | None = None, limit: int = 50) -> Sequence[DeadLetter]:
        """Events that the module has given up on, from behind `after`."""
        source, subject, sequence = after or FIRST
        async with self._database.reading() as reading:
            rows = await reading.fetch(
                statements.LETTERS, source=source, subject=subject, sequence=sequence, limit=limit
            )
        return [_letter(row) for row in rows]

    async def dead_letter(self, source: str, subject: UUID, sequence: int) -> tuple[DeadLetter, Mapping[str, object]]:
        """One of them, with the event as it came. Raises as the port says."""
        async with self._database.reading() as reading:
            row = await _dead(reading, (source, subject, sequence))
        return _letter(row), row.event

    async def replay(self, actor: str, source: str, subject: UUID, sequence: int) -> DeadLetter:
        """Have an event tried again as if for the first time. Raises as the port says."""
        place = (source, subject, sequence)
        async with self._database.transaction() as transaction:
            await _cursor(transaction, source, subject)
            row = await _dead(transaction, place)
            await transaction.execute(statements.REPLAY, source=source, subject=subject, sequence=sequence)
            await _note(transaction, actor, "replay_dead_letter", row, {})
        return _letter(row)

    async def discard(self, actor: str, source: str, subject: UUID, sequence: int, reason: str) -> DeadLetter:
        """Never handle an event, and let what waits behind it go on. Raises as the port says."""
        place = (source, subject, sequence)
        async with self._database.transaction() as transaction:
            handled = await _cursor(transaction, source, subject)
            row = await _dead(transaction, place)
            if handled + 1 != sequence:
                raise LetterNotNext(f"Event {handled + 1} of the subject comes first.", next=handled + 1)
            moved = rows_json([{"source": source, "subject": subject, "sequence": sequence}])
            await transaction.execute(MOVE_CURSORS, rows=moved)
            await transaction.execute(UNPARK, source=source, subject=subject, sequence=sequence)
            await _note(transaction, actor, "discard_dead_letter", row, {"reason": reason, "event": row.event})
        return _letter(row)

    async def handling(self, source: str, subject: UUID, sequence: int) -> Handling:
        """How far the module is with an event."""
        async with self._database.reading() as reading:
            (row,) = await reading.fetch(statements.HANDLING, source=source, subject=subject, sequence=sequence)
        if row.handled >= sequence:
            return Handling("handled")
        return (
            Handling("not here") if row.state is None else Handling(row.state, row.attempts, row.error, row.parked_at)
        )

    async def heard(self, subject: UUID) -> Sequence[TraceStep]:
        """How far the module is with what others tell about a subject."""
        sources = [source_of(one) for one in self.FOLLOWS]
        async with self._database.reading() as reading:
            arrived = await reading.fetch(statements.ARRIVED, subject=subject, sources=sources)
            parked = await reading.fetch(statements.PARKED, subject=subject, sources=sources)
        steps = [
            TraceStep(None, "handled", f"{row.source}, up to number {row.sequence}", {"sequence": row.sequence})
            for row in arrived
            if row.sequence
        ]
        return [*steps, *map(_parked, parked)]


async def _cursor(transaction: Transaction, source: str, subject: UUID) -> int:
    """How far a subject is, locked as an inbox does: nothing is handled of it meanwhile."""
    return (await locked(transaction, {(source, subject): 0}))[source, subject].sequence


async def _dead(reading: Transaction, place: LetterPlace) -> Any:
    source, subject, sequence = place
    rows = await reading.fetch(statements.LETTER, source=source, subject=subject, sequence=sequence)
    if not rows:
        raise NoDeadLetter(f"There is no dead letter {source} {subject} {sequence}.")
    return rows[0]


async def _note(transaction: Transaction, actor: str, action: str, row: Any, more: Mapping[str, Any]) -> None:
    """Write down what was done with a dead letter, by the subject of its event."""
    details = {"source": row.source, "sequence": row.sequence, "attempts": row.attempts, "error": row.error}
    await note(transaction, actor, action, str(row.subject), {**details, **more})


def _letter(row: Any) -> DeadLetter:
    return DeadLetter(
        row.source,
        row.subject,
        row.sequence,
        UUID(row.event["id"]),
        row.event["type"],
        row.attempts,
        row.error,
        row.parked_at,
        row.waiting,
    )


def _parked(row: Any) -> TraceStep:
    said = f": {row.error}" if row.error else ""
    about = f"{row.event['type']} number {row.sequence}, {row.state} after {row.attempts} attempts{said}"
    facts = {"source": row.source, "sequence": row.sequence, "state": row.state, "attempts": row.attempts}
    return TraceStep(row.parked_at, "parked", about, facts)
