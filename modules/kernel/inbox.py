"""The inbox: every event of a subject takes effect once and in order, however it arrives."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from itertools import count
from typing import NamedTuple
from uuid import UUID

from modules.kernel.database import Database, Transaction, rows_json, sql
from modules.kernel.errors import Unavailable
from modules.kernel.events import Event, Progress, cloud_event, read

MAX_ATTEMPTS = 8
MAX_PAUSE = timedelta(seconds=5)

Handler = Callable[[Transaction, Sequence[Event]], Awaitable[None]]
"""Applies events of one type, each of another subject, inside the inbox's transaction."""

Key = tuple[str, UUID]


# Inserts what is missing and locks what is there (an update that no row wants is only its lock), in one order. Counts
# what it inserted: of a subject that is new here nothing is parked, and its cursor is where this transaction moves it.
LOCK_CURSORS = sql("""
    INSERT INTO inbox_cursor (source, subject, sequence)
    SELECT source, subject, sequence
    FROM json_to_recordset(CAST(:rows AS json)) AS r(source text, subject uuid, sequence int)
    ORDER BY source, subject
    ON CONFLICT (source, subject) DO UPDATE SET sequence = excluded.sequence WHERE false
""")

# A statement of its own: it must see what those have done that the locks were waited for.
READ_CURSORS = sql("""
    SELECT c.source, c.subject, c.sequence, c.xmin = CAST(pg_current_xact_id() AS xid) AS is_new, (
        SELECT array_agg(p.sequence) FROM inbox_parked p WHERE p.source = c.source AND p.subject = c.subject) AS parked
    FROM inbox_cursor c JOIN json_to_recordset(CAST(:rows AS json)) AS r(source text, subject uuid) USING (source, subject)
""")

MOVE_CURSORS = sql("""
    UPDATE inbox_cursor c SET sequence = r.sequence
    FROM json_to_recordset(CAST(:rows AS json)) AS r(source text, subject uuid, sequence int)
    WHERE c.source = r.source AND c.subject = r.subject
""")

PARK = sql("""
    INSERT INTO inbox_parked (source, subject, sequence, event, state, attempts, next_at, error)
    SELECT source, subject, sequence, event, state, attempts, clock_timestamp() + pause_s * interval '1 s', error
    FROM json_to_recordset(CAST(:rows AS json)) AS r(source text, subject uuid, sequence int, event json,
        state text, attempts int, pause_s float, error text)
    ON CONFLICT DO NOTHING
""")

NEXT_PARKED = sql("""
    UPDATE inbox_parked p SET state = 'retrying', attempts = p.attempts + 1,
        next_at = clock_timestamp() + :longest
    FROM inbox_cursor c
    WHERE p.source = :source AND p.subject = :subject AND c.source = p.source AND c.subject = p.subject
      AND p.sequence = c.sequence + 1 AND p.state <> 'dead' AND p.next_at <= clock_timestamp()
    RETURNING CAST(p.event AS text) AS event, p.attempts
""")

# By what is counted now: an attempt that was none may have been taken back while this one ran.
FAILED = sql("""
    UPDATE inbox_parked SET state = CASE WHEN attempts >= :most THEN 'dead' ELSE 'retrying' END,
        attempts = least(attempts, :most), error = :error, next_at = clock_timestamp() + :pause
    WHERE source = :source AND subject = :subject AND sequence = :sequence
""")

# Others may have tried it since, which counts; what they gave up because of this one attempt too many comes to life again.
TAKE_BACK = sql("""
    UPDATE inbox_parked SET state = CASE WHEN attempts > 1 THEN 'retrying' ELSE 'waiting' END, attempts = attempts - 1,
        next_at = CASE WHEN state = 'dead' OR attempts = :attempts THEN clock_timestamp() ELSE next_at END
    WHERE source = :source AND subject = :subject AND sequence = :sequence AND attempts >= :attempts
""")

UNPARK = sql("DELETE FROM inbox_parked WHERE source = :source AND subject = :subject AND sequence <= :sequence")

DUE = sql("""
    SELECT p.source, p.subject FROM inbox_parked p JOIN inbox_cursor c USING (source, subject)
    WHERE p.state <> 'dead' AND p.next_at <= clock_timestamp() AND p.sequence = c.sequence + 1
    ORDER BY p.next_at LIMIT :limit
""")

PROGRESS = sql("""
    SELECT c.subject, c.sequence, (
        SELECT array_agg(p.sequence) FROM inbox_parked p WHERE p.source = c.source AND p.subject = c.subject) AS parked
    FROM json_array_elements_text(CAST(:subjects AS json)) AS r(subject)
    JOIN inbox_cursor c ON c.source = :source AND c.subject = CAST(r.subject AS uuid)
""")

COUNTS = sql("SELECT state, count(*) AS events FROM inbox_parked GROUP BY state")


class Cursor(NamedTuple):
    """How far a subject is, and what of it is parked.

    `put` is where the transaction at hand has put it already: that is how it begins with a subject that is new.
    """

    sequence: int
    parked: frozenset[int]
    put: int = 0


class Inbox:
    """What one module does about events, once each.

    An event of a type that has no handler still moves the cursor.
    """

    def __init__(self, database: Database, handlers: Mapping[str, Handler]) -> None:
        self.database = database
        self._handlers = handlers
        self._no_attempts: list[tuple[Event, int]] = []  # counted, and ended by an outage
        self.at_end: Callable[[str], Awaitable[bool]] = _never  # the bus that feeds this inbox says better
        self.applied: Callable[[Sequence[Event]], None] = _unseen  # told of what took effect, once each

    @property
    def handles(self) -> Sequence[str]:
        """The types of event that have an effect here."""
        return tuple(self._handlers)

    async def handle(self, events: Sequence[Event]) -> None:
        """Give events their effect, each source's events of a subject once and in order.

        An event that comes too early is parked, and so is one whose handler raises: its neighbours go on.

        Raises:
            Unavailable: the database (or what a handler needs) is away; nothing is counted against the events.
        """
        try:
            behind = await self._apply(events)
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001  # whatever a handler raises is the event's, not the consumer's
            if len(events) == 1:
                await self._park(events[0], "retrying", 1, error)
                return
            middle = len(events) // 2
            await self.handle(events[:middle])
            await self.handle(events[middle:])
            return
        for key in behind:
            await self.take_up(key)

    async def give_up(self, event: Event, attempts: int, reason: str) -> None:
        """Make a dead letter of an event without running it, unless it was seen before; repeating changes nothing.

        For a bus that counts what an inbox can't: processes that ended in the middle of it.

        Raises:
            Unavailable: the database is away.
        """
        await self._park(event, "dead", attempts, RuntimeError(reason))

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far this inbox is with `subjects` of `source`."""
        at_end = await self.at_end(source)  # asked before the cursors: what is handled in between only helps
        async with self.database.reading() as reading:
            rows = await reading.fetch(PROGRESS, source=source, subjects=rows_json(subjects))
        return Progress(
            handled={subject: sequence for subject, sequence, _ in rows},
            parked={subject: frozenset(parked) for subject, _, parked in rows if parked},
            at_end=at_end,
        )

    async def due(self, limit: int = 100) -> Sequence[Key]:
        """Subjects whose next event is parked and may be tried again now.

        Raises:
            Unavailable: the database is away.
        """
        await self._take_back()
        async with self.database.reading() as reading:
            return [(row.source, row.subject) for row in await reading.fetch(DUE, limit=limit)]

    async def counts(self) -> Mapping[str, int]:
        """How many events are parked, per state."""
        async with self.database.reading() as reading:
            return {row.state: row.events for row in await reading.fetch(COUNTS)}

    async def take_up(self, key: Key) -> None:
        """Run what is parked next for a subject, each event in a transaction of its own, until one may not run.

        The attempt is counted and committed before the event is run, so that one that kills the process is found out.

        Raises:
            Unavailable: the database (or what a handler needs) is away. That was no attempt: it is taken back, by `due`
                where nothing can be written any more.
        """
        while (counted := await self._count(key)) is not None:
            event, attempts = counted
            if attempts > MAX_ATTEMPTS:  # each earlier attempt ended with its process
                await self._failed(event, attempts, RuntimeError("every attempt killed its process"))
                return
            try:
                await self._apply([event], parked=True)
            except Unavailable:
                self._no_attempts.append(counted)
                await self._take_back()
                raise
            except asyncio.CancelledError:
                self._no_attempts.append(counted)
                await self._stopped()
                raise
            except Exception as error:  # noqa: BLE001  # as in handle
                await self._failed(event, attempts, error)
                return

    async def _count(self, key: Key) -> tuple[Event, int] | None:
        """What is parked next for a subject and may be tried, and which attempt this is; `None` where there is nothing."""
        counted: tuple[Event, int] | None = None
        try:
            async with self.database.transaction() as transaction:
                for row in await transaction.fetch(NEXT_PARKED, source=key[0], subject=key[1], longest=MAX_PAUSE):
                    counted = read(row.event), row.attempts
        except Unavailable:  # whether it was counted is unknown
            if counted is not None:
                self._no_attempts.append(counted)
            raise
        return counted

    async def _take_back(self) -> None:
        """Have attempts that an outage ended not count; those that can't be written down now are kept for later."""
        while self._no_attempts:
            event, attempts = self._no_attempts.pop()
            try:
                async with self.database.transaction() as transaction:
                    await transaction.execute(
                        TAKE_BACK,
                        source=event.source,
                        subject=event.subject,
                        sequence=event.sequence,
                        attempts=attempts,
                    )
            except Unavailable:
                self._no_attempts.append((event, attempts))
                raise

    async def _stopped(self) -> None:
        """Take back what the end of this process cuts off, as far as there is a database."""
        with suppress(Unavailable):
            # in a task of its own: one that is being stopped reaches no database any more
            await asyncio.create_task(self._take_back())

    async def _apply(self, events: Sequence[Event], *, parked: bool = False) -> Sequence[Key]:
        """One transaction over `events`; answers the subjects that have something parked behind."""
        async with self.database.transaction() as transaction:
            cursors = await locked(transaction, first_runs(events))
            fresh, early, moved = sort_out(events, cursors, parked=parked)
            for group in in_rounds(fresh):
                if handler := self._handlers.get(group[0].type):
                    await handler(transaction, group)
            await self._move(transaction, {key: to for key, to in moved.items() if to != cursors[key].put})
            if early:
                await transaction.execute(PARK, rows=rows_json([_parked_row(event) for event in early]))
            if parked:
                event = events[0]
                await transaction.execute(UNPARK, source=event.source, subject=event.subject, sequence=event.sequence)
        self.applied(fresh)
        return [key for key, sequence in moved.items() if sequence + 1 in cursors[key].parked]

    async def _move(self, transaction: Transaction, moved: Mapping[Key, int]) -> None:
        if moved:
            rows = [{"source": key[0], "subject": key[1], "sequence": sequence} for key, sequence in moved.items()]
            await transaction.execute(MOVE_CURSORS, rows=rows_json(rows))

    async def _park(self, event: Event, state: str, attempts: int, error: Exception) -> None:
        """Park an event that was not seen before; one that was is left as it is."""
        row = _parked_row(event, state=state, attempts=attempts, error=error)
        async with self.database.transaction() as transaction:
            cursors = await locked(transaction, {(event.source, event.subject): 0})
            if cursors[event.source, event.subject].sequence < event.sequence:
                await transaction.execute(PARK, rows=rows_json([row]))

    async def _failed(self, event: Event, attempts: int, error: Exception) -> None:
        async with self.database.transaction() as transaction:
            await transaction.execute(
                FAILED,
                source=event.source,
                subject=event.subject,
                sequence=event.sequence,
                most=MAX_ATTEMPTS,
                error=_text(error),
                pause=pause_after(attempts),
            )


def _unseen(_events: Sequence[Event]) -> None:
    """Nobody measures it."""


async def _never(_source: str) -> bool:
    return False


async def locked(transaction: Transaction, runs: Mapping[Key, int]) -> Mapping[Key, Cursor]:
    """The cursors of subjects, locked; those of new ones are put at once where the events at hand will move them."""
    rows = rows_json(
        [{"source": source, "subject": subject, "sequence": end} for (source, subject), end in runs.items()]
    )
    if await transaction.execute(LOCK_CURSORS, rows=rows) == len(runs):
        return {key: _begun(end) for key, end in runs.items()}
    return {
        (row.source, row.subject): _begun(row.sequence)
        if row.is_new
        else Cursor(row.sequence, frozenset(row.parked or ()))
        for row in await transaction.fetch(READ_CURSORS, rows=rows)
    }


def _begun(end: int) -> Cursor:
    return Cursor(0, frozenset(), put=end)


def first_runs(events: Iterable[Event]) -> Mapping[Key, int]:
    """Per subject, up to which number its events follow each other from 1 on; 0 where the first is not among them."""
    numbers: dict[Key, set[int]] = {}
    for event in events:
        numbers.setdefault((event.source, event.subject), set()).add(event.sequence)
    return {key: next(n for n in count() if n + 1 not in found) for key, found in numbers.items()}


def sort_out(
    events: Iterable[Event], cursors: Mapping[Key, Cursor], *, parked: bool = False
) -> tuple[Sequence[Event], Sequence[Event], Mapping[Key, int]]:
    """Tell the events that are next from those that come too early; drop those seen before.

    A parked event is dropped too, unless it is what was `parked` and is run now.
    Answers the next ones, the early ones, and per subject where its cursor moves. Events of a subject that arrive
    together need not arrive in order.
    """
    fresh, early, moved = [], [], dict[Key, int]()
    for event in sorted(events, key=lambda event: event.sequence):
        key = (event.source, event.subject)
        at = moved.get(key, cursors[key].sequence)
        if event.sequence <= at or (not parked and event.sequence in cursors[key].parked):
            continue
        if event.sequence == at + 1:
            fresh.append(event)
            moved[key] = event.sequence
        else:
            early.append(event)
    return fresh, early, moved


def in_rounds(events: Iterable[Event]) -> Sequence[Sequence[Event]]:
    """Group events so that a group has one type and each subject once, and no event overtakes one of its subject."""
    turn: dict[Key, int] = defaultdict(int)
    groups: dict[tuple[int, str], list[Event]] = {}
    for event in events:
        key = (event.source, event.subject)
        groups.setdefault((turn[key], event.type), []).append(event)
        turn[key] += 1
    return [groups[place] for place in sorted(groups, key=lambda place: place[0])]


def pause_after(attempts: int) -> timedelta:
    """How long a failed event rests: doubling from 50 ms, 5 s at most."""
    return min(MAX_PAUSE, timedelta(milliseconds=50 << max(attempts - 1, 0)))


def _parked_row(
    event: Event, *, state: str = "waiting", attempts: int = 0, error: Exception | None = None
) -> dict[str, object]:
    return {
        "source": event.source,
        "subject": event.subject,
        "sequence": event.sequence,
        "event": cloud_event(event),
        "state": state,
        "attempts": attempts,
        "pause_s": pause_after(attempts).total_seconds() if error else 0.0,
        "error": _text(error),
    }


def _text(error: Exception | None) -> str | None:
    """What an error says, as far as PostgreSQL can store it: it may quote anything that an event carried."""
    if error is None:
        return None
    said = f"{type(error).__name__}: {error}"[:2000]
    return said.replace("\0", "\\0").encode(errors="backslashreplace").decode()
