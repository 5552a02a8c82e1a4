"""The outbox: an event is written with the change it tells of, and kept until every subscriber has handled it.

recorded -> published (the bus took it) -> settled (every subscriber said that it handled it) -> pruned.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from modules.kernel.database import Database, Transaction, rows_json, sql
from modules.kernel.errors import Overloaded
from modules.kernel.events import Event, NewEvent, Progress, source_of, traceparent
from modules.kernel.ids import new_id

RECORD = sql("""
    WITH new AS (
        INSERT INTO outbox (event_id, type, subject, sequence, data, traceparent)
        SELECT event_id, type, subject, sequence, data, traceparent
        FROM json_to_recordset(CAST(:rows AS json))
            AS r(event_id uuid, type text, subject uuid, sequence int, data json, traceparent text)
        RETURNING recorded_at)
    SELECT max(recorded_at) AS recorded_at FROM new
""")

LEASE = sql("""
    INSERT INTO relay_lease AS held (name, holder, token, expires_at)
    VALUES ('relay', :holder, 1, clock_timestamp() + :ttl)
    ON CONFLICT (name) DO UPDATE
    SET holder = excluded.holder, expires_at = excluded.expires_at,
        token = held.token + CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END
    WHERE held.holder = excluded.holder OR held.expires_at < clock_timestamp()
    RETURNING token
""")

BELL = "waybill_outbox"

RING = sql(f"SELECT pg_notify('{BELL}', '')")

LEASE_END = sql("UPDATE relay_lease SET expires_at = clock_timestamp() WHERE token = :token")

TAKE = sql("""
    SELECT event_id, type, subject, sequence, recorded_at, data, traceparent
    FROM outbox WHERE state = 'recorded' ORDER BY id LIMIT :limit
""")

# By the events' ids, never by the index of all that are in that state: after an outage there may be millions.
PUBLISHED = sql("""
    UPDATE outbox SET state = 'published', bus = :bus, stream_id = r.stream_id,
        published_at = clock_timestamp() - r.age_s * interval '1 s',
        publications = publications + 1, checks = 0, check_at = clock_timestamp() + interval '200 ms'
    FROM json_to_recordset(CAST(:rows AS json)) AS r(event_id uuid, stream_id text, age_s float)
    WHERE outbox.event_id = r.event_id AND coalesce(state, '') = 'recorded'
      AND EXISTS (SELECT FROM relay_lease WHERE token = :token FOR SHARE)
""")

OTHER_BUS = sql("""
    UPDATE outbox SET state = 'recorded', publications = 0
    WHERE state = 'published' AND bus <> :bus AND EXISTS (SELECT FROM relay_lease WHERE token = :token FOR SHARE)
""")

UNSETTLED = sql("""
    SELECT event_id AS id, subject, sequence,
        published_at + least(interval '10 min', interval '1 s' * pow(2, least(publications, 12) - 1))
            <= clock_timestamp() AS stale
    FROM outbox WHERE state = 'published' AND check_at <= clock_timestamp() ORDER BY check_at LIMIT :limit
""")

CHECKED = sql("""
    UPDATE outbox SET state = r.state, checks = checks + 1,
        check_at = clock_timestamp() + least(interval '2 s', interval '20 ms' * pow(2, least(checks, 7))),
        settled_at = CASE WHEN r.state = 'settled' THEN clock_timestamp() END
    FROM json_to_recordset(CAST(:rows AS json)) AS r(event_id uuid, state text)
    WHERE outbox.event_id = r.event_id AND coalesce(outbox.state, '') = 'published'
      AND EXISTS (SELECT FROM relay_lease WHERE token = :token FOR SHARE)
""")

# Places compare as two numbers. While anything is unsettled, up to the first of it; else up to what was settled of late.
SETTLED_UP_TO = sql("""
    WITH late AS (
        SELECT stream_id FROM outbox WHERE state = 'settled' AND bus = :bus ORDER BY settled_at DESC LIMIT 1000)
    SELECT coalesce(
        (SELECT stream_id FROM outbox WHERE state = 'published' AND bus = :bus
         ORDER BY split_part(stream_id, '-', 1)::numeric, split_part(stream_id, '-', 2)::numeric LIMIT 1),
        (SELECT stream_id FROM late
         ORDER BY split_part(stream_id, '-', 1)::numeric DESC, split_part(stream_id, '-', 2)::numeric DESC LIMIT 1)
    ) AS place
""")

PRUNE = sql("""
    WITH old AS MATERIALIZED (
        SELECT event_id FROM outbox WHERE state = 'settled' AND settled_at < clock_timestamp() - :retention LIMIT :limit)
    DELETE FROM outbox WHERE event_id IN (SELECT event_id FROM old)
      AND EXISTS (SELECT FROM relay_lease WHERE token = :token FOR SHARE)
""")

DEPTH = sql("""
    SELECT state, count(*) AS events, coalesce(extract(epoch FROM clock_timestamp() - min(recorded_at)), 0) AS age_s
    FROM outbox WHERE state <> 'settled' GROUP BY state
""")


# Reads no more than it must: as many as there are, and never more than one beyond the bound.
BEYOND = sql("SELECT EXISTS (SELECT FROM outbox WHERE state = 'recorded' ORDER BY id OFFSET :most LIMIT 1) AS beyond")

TELL_AGAIN = sql("""
    UPDATE outbox SET state = 'recorded', publications = 0, settled_at = NULL WHERE subject = ANY(:subjects)
""")

UNDER_WAY = sql("SELECT DISTINCT subject FROM outbox WHERE state <> 'settled' LIMIT :limit")


class Unsettled(NamedTuple):
    """A published event that some subscriber may not have handled; `stale` says that it is time to repeat it."""

    id: UUID
    subject: UUID
    sequence: int
    stale: bool


class Place(NamedTuple):
    """Where a bus has put an event, and when: on a monotonic clock, in seconds."""

    stream_id: str
    since: float


class Outbox:
    """The events of one module, from the transaction that records them to the one that settles them."""

    def __init__(self, database: Database, wake: Callable[[], None] = lambda: None) -> None:
        self.database = database
        self.source = source_of(database.name)
        self.wake = wake
        self.offer: Callable[[Sequence[Event]], None] | None = None  # told what was recorded, when it has committed
        self.full = False  # as of the last look

    def admit(self) -> None:
        """See that one more event may be recorded; to be asked before anything is begun that ends in one.

        Raises:
            Overloaded: too many wait to be published, so nothing that would add to them is done.
        """
        if self.full:
            raise Overloaded("Too many events wait to be published; come back.", retry_after_s=5)

    async def look(self, most: int) -> bool:
        """Look whether more than `most` events wait to be published. While they do, no more are recorded here."""
        async with self.database.reading() as reading:
            (row,) = await reading.fetch(BEYOND, most=most)
        self.full = row.beyond
        return self.full

    async def record(self, transaction: Transaction, events: Sequence[NewEvent]) -> None:
        """Write events with the change they tell of; the relay is woken when that has committed.

        Raises:
            Overloaded: too many wait to be published.
            ConstraintViolated: `outbox_subject_sequence`: the subject's row was not locked while it was numbered.
        """
        if not events:
            return
        self.admit()
        trace = traceparent.get()
        rows = [
            {
                "event_id": new_id(),
                "type": event.data.TYPE,
                "subject": event.subject,
                "sequence": event.sequence,
                "data": event.data,
                "traceparent": event.traceparent or trace,
            }
            for event in events
        ]
        text = rows_json(rows)
        (row,) = await transaction.fetch(RECORD, rows=text)
        if self.offer is not None:
            transaction.after_commit(partial(self._offered, self.offer, text, row.recorded_at))
        transaction.after_commit(self.woken)

    def _offered(self, offer: Callable[[Sequence[Event]], None], rows: str, at: datetime) -> None:
        """Hand over what has been recorded just as it would be taken."""
        offer([_recorded(self.source, at, **row) for row in orjson.loads(rows)])

    def woken(self) -> None:
        """Tell the relay that there is something to do."""
        self.wake()

    async def lease(self, holder: str, ttl: timedelta) -> int | None:
        """Take or renew the right to publish, on the database's clock; its token, or `None` while another has it."""
        async with self.database.single() as transaction:
            rows = await transaction.fetch(LEASE, holder=holder, ttl=ttl)
        return rows[0].token if rows else None

    async def ring(self) -> None:
        """Have whoever has the lease hear that there is something to publish; see `app/bell.py`."""
        async with self.database.single() as transaction:
            await transaction.execute(RING)

    async def end_lease(self, token: int) -> None:
        """Let another relay go on at once."""
        async with self.database.single() as transaction:
            await transaction.execute(LEASE_END, token=token)

    async def take(self, limit: int) -> Sequence[Event]:
        """The oldest recorded events, in the order in which they were recorded."""
        async with self.database.reading() as reading:
            rows = await reading.fetch(TAKE, limit=limit)
        return [
            Event(
                row.event_id,
                self.source,
                row.type,
                row.subject,
                row.sequence,
                row.recorded_at,
                row.data,
                row.traceparent,
            )
            for row in rows
        ]

    async def mark_published(self, token: int, bus: str, places: Mapping[UUID, Place]) -> int:
        """Remember where the bus put which event. With a token that has passed to another, nothing happens."""
        now = time.monotonic()
        rows = [
            {"event_id": event, "stream_id": place.stream_id, "age_s": now - place.since}
            for event, place in places.items()
        ]
        async with self.database.single() as transaction:
            return await transaction.execute(PUBLISHED, rows=rows_json(rows), bus=bus, token=token)

    async def forget_other_buses(self, token: int, bus: str) -> int:
        """Count what went out over another bus than `bus` as not published, and begin with short pauses again."""
        async with self.database.single() as transaction:
            return await transaction.execute(OTHER_BUS, bus=bus, token=token)

    async def unsettled(self, limit: int) -> Sequence[Unsettled]:
        """Published events whose subscribers are due to be asked."""
        async with self.database.reading() as reading:
            rows: Sequence[Unsettled] = await reading.fetch(UNSETTLED, limit=limit)  # so are its columns called
        return rows

    async def mark_checked(self, token: int, verdicts: Mapping[UUID, str]) -> int:
        """Write per event what the subscribers' words make of it: a state of `verdict`."""
        rows = [{"event_id": event, "state": state} for event, state in verdicts.items()]
        async with self.database.single() as transaction:
            return await transaction.execute(CHECKED, rows=rows_json(rows), token=token)

    async def settled_up_to(self, bus: str) -> str | None:
        """The place on a bus before which every event is settled; `None` while nothing was published there."""
        async with self.database.reading() as reading:
            rows = await reading.fetch(SETTLED_UP_TO, bus=bus)
        place: str | None = rows[0].place
        return place

    async def tell_again(self, transaction: Transaction, subjects: Sequence[UUID]) -> int:
        """Have all events of these subjects that are still kept go out once more; answers how many.

        Whoever has handled one drops it, so it is harmless; what nobody misses is settled again at once.
        """
        transaction.after_commit(self.woken)
        return await transaction.execute(TELL_AGAIN, subjects=list(subjects))

    async def prune(self, token: int, retention: timedelta, limit: int = 1000) -> int:
        """Delete settled events older than `retention`, at most `limit` at a time; answers how many."""
        async with self.database.single() as transaction:
            return await transaction.execute(PRUNE, retention=retention, limit=limit, token=token)

    async def under_way(self, limit: int) -> frozenset[UUID]:
        """Subjects of which some subscriber has not heard everything yet, at most `limit` of them."""
        async with self.database.reading() as reading:
            return frozenset(row.subject for row in await reading.fetch(UNDER_WAY, limit=limit))

    async def depth(self) -> Mapping[str, tuple[int, float]]:
        """Per state short of settled: how many events, and the age of the oldest in seconds."""
        async with self.database.reading() as reading:
            rows = await reading.fetch(DEPTH)
        return {row.state: (row.events, float(row.age_s)) for row in rows}


def _recorded(source: str, at: datetime, *, event_id: str, subject: str, **row: Any) -> Event:
    return Event(
        UUID(event_id), source, row["type"], UUID(subject), row["sequence"], at, row["data"], row["traceparent"]
    )


def verdict(event: Unsettled, subscribers: Sequence[Progress]) -> str:
    """The state an event is in by what its subscribers say; never by what a broker says.

    Settled: each has handled it. Recorded, so that it goes out again: one has neither handled nor parked it although
    it has read all there was, and its pause is over. Otherwise it stays published.
    """
    missing = [one for one in subscribers if one.handled.get(event.subject, 0) < event.sequence]
    if not missing:
        return "settled"
    lost = any(one.at_end and event.sequence not in one.parked.get(event.subject, frozenset()) for one in missing)
    return "recorded" if lost and event.stale else "published"
