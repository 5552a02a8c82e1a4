"""Inboxes and outboxes as somebody might have written them who did not know better."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from modules.kernel.database import Transaction, rows_json, sql
from modules.kernel.errors import Unavailable
from modules.kernel.events import Event, NewEvent, Progress, read
from modules.kernel.inbox import (
    LOCK_CURSORS,
    MAX_ATTEMPTS,
    PARK,
    UNPARK,
    Cursor,
    Inbox,
    Key,
    _parked_row,
    in_rounds,
    locked,
    sort_out,
)
from modules.kernel.outbox import Outbox, Unsettled
from tests.sabotage.guards import without

Sorted = tuple[Sequence[Event], Sequence[Event], Mapping[Key, int]]

SEEN = "ON CONFLICT (source, subject) DO UPDATE SET sequence = excluded.sequence WHERE false"
NO_LOCK = without(LOCK_CURSORS, SEEN, "ON CONFLICT DO NOTHING")
LOCK_WHAT_IS_THERE = sql("""
    SELECT c.source, c.subject, c.sequence FROM inbox_cursor c
    JOIN json_to_recordset(CAST(:rows AS json)) AS r(source text, subject uuid) USING (source, subject) FOR UPDATE OF c
""")
MOVE_OR_OPEN = sql("""
    INSERT INTO inbox_cursor (source, subject, sequence)
    SELECT source, subject, sequence
    FROM json_to_recordset(CAST(:rows AS json)) AS r(source text, subject uuid, sequence int)
    ON CONFLICT (source, subject) DO UPDATE SET sequence = excluded.sequence
""")
GIVE_UP = sql("UPDATE inbox_parked SET state = 'dead' WHERE subject = :subject AND sequence = :sequence")
PARKED_OF = sql(
    "SELECT CAST(event AS text) AS event FROM inbox_parked WHERE source = :source AND subject = :subject ORDER BY sequence DESC"
)
BEHIND_THE_LAST = sql(
    "SELECT id, event_id, type, subject, sequence, recorded_at, data, traceparent FROM outbox WHERE id > :last ORDER BY id LIMIT :limit"
)


def takes_all_for_new(events: Iterable[Event], cursors: Mapping[Key, Cursor], *, parked: bool = False) -> Sorted:
    """Nothing was seen before: whatever is not too early is next."""
    seen = [event for event in events if event.sequence <= cursors[event.source, event.subject].sequence]
    fresh, early, moved = sort_out(events, cursors, parked=parked)
    return [*seen, *fresh], early, moved


def steps_over_gaps(events: Iterable[Event], cursors: Mapping[Key, Cursor], *, parked: bool = False) -> Sorted:
    """What comes too early is next all the same."""
    fresh, early, moved = sort_out(events, cursors, parked=parked)
    return [*fresh, *early], [], {**moved, **{(one.source, one.subject): one.sequence for one in early}}


def drops_over_gaps(events: Iterable[Event], cursors: Mapping[Key, Cursor], *, parked: bool = False) -> Sorted:
    """What comes too early is nobody's."""
    fresh, _, moved = sort_out(events, cursors, parked=parked)
    return fresh, [], moved


def runs_what_is_parked(events: Iterable[Event], cursors: Mapping[Key, Cursor], *, parked: bool = False) -> Sorted:
    """What is parked is run when it comes again."""
    return sort_out(events, {key: Cursor(one.sequence, frozenset()) for key, one in cursors.items()}, parked=parked)


def in_order_of_arrival(events: Iterable[Event], cursors: Mapping[Key, Cursor], *, parked: bool = False) -> Sorted:
    """Each event by itself, as it comes."""
    fresh: list[Event] = []
    early: list[Event] = []
    moved: dict[Key, int] = {}
    for event in events:
        now = {key: Cursor(moved.get(key, one.sequence), one.parked) for key, one in cursors.items()}
        one_fresh, one_early, one_moved = sort_out([event], now, parked=parked)
        fresh += one_fresh
        early += one_early
        moved |= one_moved
    return fresh, early, moved


async def locks_what_is_there(transaction: Transaction, runs: Mapping[Key, int]) -> Mapping[Key, Cursor]:
    """A subject that is new has no row to lock."""
    rows = rows_json([{"source": source, "subject": subject} for source, subject in runs])
    there = {row[:2]: row.sequence for row in await transaction.fetch(LOCK_WHAT_IS_THERE, rows=rows)}
    return {key: Cursor(there.get(key, 0), frozenset()) for key in runs}


class MovesLater(Inbox):
    """Moves cursors when the effects are safe."""

    async def _apply(self, events: Sequence[Event], *, parked: bool = False) -> Sequence[Key]:
        keys = sorted({(event.source, event.subject) for event in events})
        async with self.database.transaction() as transaction:
            fresh, early, moved = sort_out(events, await locked(transaction, dict.fromkeys(keys, 0)), parked=parked)
            for group in in_rounds(fresh):
                await self._handlers[group[0].type](transaction, group)
        async with self.database.transaction() as transaction:
            await self._move(transaction, moved)
            await transaction.execute(PARK, rows=rows_json([_parked_row(event) for event in early]))
            for one in events if parked else ():
                await transaction.execute(UNPARK, source=one.source, subject=one.subject, sequence=one.sequence)
        return []


class Filters(Inbox):
    """Takes no notice of what it has no handler for."""

    async def handle(self, events: Sequence[Event]) -> None:
        await super().handle([event for event in events if event.type in self._handlers])


class BlamesAll(Inbox):
    """Parks a batch that fails."""

    async def handle(self, events: Sequence[Event]) -> None:
        try:
            await self._apply(events)
        except ValueError as error:
            for event in events:
                await self._park(event, "retrying", 1, error)


class BlamesEvents(Inbox):
    """Takes every error for the event's."""

    async def _apply(self, events: Sequence[Event], *, parked: bool = False) -> Sequence[Key]:
        try:
            return await super()._apply(events, parked=parked)
        except Unavailable as error:
            raise ValueError("something failed") from error


class LooksForTheEndLast(Inbox):
    """Says what it has handled, and then whether that was all."""

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        at_end, self.at_end = self.at_end, _not_yet
        words = await super().progress(source, subjects)
        self.at_end = at_end
        return replace(words, at_end=await at_end(source))


async def _not_yet(_source: str) -> bool:
    return False


class TakesUpAllAtOnce(Inbox):
    """Runs all that is parked of a subject in one transaction."""

    async def take_up(self, key: Key) -> None:
        async with self.database.reading() as reading:
            rows = await reading.fetch(PARKED_OF, source=key[0], subject=key[1])
        if rows:
            await self._apply([read(row.event) for row in rows], parked=True)


class LooksAtNothingBehind(Inbox):
    """Has done its work when its batch is handled."""

    async def _apply(self, events: Sequence[Event], *, parked: bool = False) -> Sequence[Key]:
        await super()._apply(events, parked=parked)
        return []


class StepsOverTheDead(Inbox):
    """Goes on behind what it has given up."""

    async def _failed(self, event: Event, attempts: int, error: Exception) -> None:
        await super()._failed(event, attempts, error)
        if attempts >= MAX_ATTEMPTS:
            async with self.database.transaction() as transaction:
                await self._move(transaction, {(event.source, event.subject): event.sequence})


class GoesByItsOwnCount(Inbox):
    """Gives up what was the eighth attempt when it began."""

    async def _failed(self, event: Event, attempts: int, error: Exception) -> None:
        await super()._failed(event, attempts, error)
        if attempts >= MAX_ATTEMPTS:
            async with self.database.transaction() as transaction:
                await transaction.execute(GIVE_UP, subject=event.subject, sequence=event.sequence)


class StopsAtTheDead(Inbox):
    """Handles nothing while it has given something up."""

    async def handle(self, events: Sequence[Event]) -> None:
        if not (await self.counts()).get("dead"):
            await super().handle(events)


class CountsOutages(Inbox):
    """Takes no attempt back."""

    async def _take_back(self) -> None:
        pass


class TakesBackOnce(Inbox):
    """Takes an attempt back where it can."""

    async def _take_back(self) -> None:
        try:
            await super()._take_back()
        finally:
            self._no_attempts.clear()


class GivesUpWhatever(Inbox):
    """Does not look whether an event was handled."""

    async def give_up(self, event: Event, attempts: int, reason: str) -> None:
        row = _parked_row(event, state="dead", attempts=attempts, error=RuntimeError(reason))
        async with self.database.transaction() as transaction:
            await transaction.execute(PARK, rows=rows_json([row]))


class GoesOnFromTheLast(Outbox):
    """Takes what has a higher number than the last it took."""

    last = 0

    async def take(self, limit: int) -> Sequence[Event]:
        async with self.database.reading() as reading:
            rows = await reading.fetch(BEHIND_THE_LAST, last=self.last, limit=limit)
        self.last = max([self.last, *[row.id for row in rows]])
        return [
            Event(row.event_id, self.source, row.type, row.subject, row.sequence, row.recorded_at, row.data)
            for row in rows
        ]


class RecordsByItself(Outbox):
    """Records in a transaction of its own."""

    async def record(self, _transaction: Transaction, events: Sequence[NewEvent]) -> None:
        async with self.database.transaction() as own:
            await super().record(own, events)


def settled_at_once(_event: Unsettled, _words: Sequence[Progress]) -> str:
    return "settled"


def settled_when_read(_event: Unsettled, words: Sequence[Progress]) -> str:
    """A stream that is read to its end has been handled, it seems."""
    return "settled" if all(one.at_end for one in words) else "published"


def never_again(event: Unsettled, words: Sequence[Progress]) -> str:
    """What was published has arrived, it seems."""
    handled = all(one.handled.get(event.subject, 0) >= event.sequence for one in words)
    return "settled" if handled else "published"


def again_while_parked(event: Unsettled, words: Sequence[Progress]) -> str:
    """What is not handled is lost, it seems."""
    handled = all(one.handled.get(event.subject, 0) >= event.sequence for one in words)
    return "settled" if handled else "recorded" if event.stale and all(one.at_end for one in words) else "published"


def again_while_behind(event: Unsettled, words: Sequence[Progress]) -> str:
    """Who is behind has lost what it has not read, it seems."""
    handled = all(one.handled.get(event.subject, 0) >= event.sequence for one in words)
    return "settled" if handled else "recorded" if event.stale else "published"
