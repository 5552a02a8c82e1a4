"""What leaves: how far the events that a module tells are on their way, and having them told again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from modules.kernel.audit import note
from modules.kernel.database import Database
from modules.kernel.events import Event, cloud_event, source_of
from modules.kernel.mailroom import statements
from modules.kernel.mailroom.port import NoSuchEvent, OutgoingEvent, TraceStep

PIECE = 5000
BEFORE_ALL = UUID(int=0)


class Departures:
    """Fulfils `OutboxOperatorPort`."""

    _database: Database

    async def event(self, event_id: UUID) -> OutgoingEvent:
        """An event that the module tells. Raises as the port says."""
        async with self._database.reading() as reading:
            rows = await reading.fetch(statements.EVENT, event_id=event_id)
        if not rows:
            raise NoSuchEvent(f"{self._database.name} tells of no event {event_id}.")
        row = rows[0]
        source = source_of(self._database.name)
        event = Event(
            row.event_id, source, row.type, row.subject, row.sequence, row.recorded_at, row.data, row.traceparent
        )
        return OutgoingEvent(
            cloud_event(event),
            row.state,
            row.recorded_at,
            row.published_at,
            row.bus,
            row.stream_id,
            row.publications,
            row.settled_at,
        )

    async def republish(self, actor: str, since: datetime) -> int:
        """Publish all events once more that were recorded since an instant; answers how many."""
        async with self._database.transaction() as transaction:
            newest = [row.event_id for row in await transaction.fetch(statements.NEWEST)]
            await note(transaction, actor, "republish", source_of(self._database.name), {"since": since})
        after, told = BEFORE_ALL, 0
        while newest and after < newest[0]:
            async with self._database.single() as writing:
                rows = await writing.fetch(
                    statements.REPUBLISH, after=after, newest=newest[0], since=since, limit=PIECE
                )
            after, told = (rows[-1].event_id if rows else newest[0]), told + len(rows)
        return told

    async def told(self, subject: UUID) -> Sequence[TraceStep]:
        """How far each event that the module tells about a subject is on its way."""
        async with self._database.reading() as reading:
            rows = await reading.fetch(statements.TOLD, subject=subject)
        return [step for row in rows for step in _way_of(row)]


def _way_of(row: Any) -> Sequence[TraceStep]:
    event = f"{row.type} number {row.sequence}"
    facts = {"event_id": str(row.event_id), "sequence": row.sequence, "state": row.state}
    steps = [TraceStep(row.recorded_at, "recorded", event, facts)]
    if row.published_at is not None:
        place = {"bus": row.bus, "stream_id": row.stream_id, "publications": row.publications}
        steps.append(TraceStep(row.published_at, "published", f"{event}, as {row.stream_id}", facts | place))
    if row.settled_at is not None:
        steps.append(TraceStep(row.settled_at, "settled", f"{event}: all have handled it", facts))
    return steps
