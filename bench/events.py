"""Events a second from one module's outbox to another's inbox over Redis, beside Redis' client doing no more than that.

Both sides are one process, set up as one that serves: what publishes and what reads are tasks of it, in batches of the
same size.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

import orjson
import psycopg
from redis.asyncio import Redis

from app.bus.redis import RedisBus, RedisConsumer
from app.bus.redis.connection import FIELD
from app.bus.redis.consumer import BATCH as READ_BATCH
from app.collector import collect_rarely
from app.database import open_database
from app.embedded import EmbeddedPostgres, EmbeddedValkey
from app.migrations import Migrations
from app.relay import BATCH as PUBLISH_BATCH
from app.relay import Relay
from modules.kernel.database import Database
from modules.kernel.events import Event, NewEvent, written
from modules.kernel.ids import new_id
from modules.kernel.inbox import Inbox
from modules.kernel.outbox import Outbox

EMITTER, SUBSCRIBER = "sales", "delivery"
PASSWORDS = dict.fromkeys(("postgres", EMITTER, SUBSCRIBER), "bench")
WEEK = timedelta(days=7)
RECORDED_AT_ONCE = 1000
ENDS_WITHIN_S = 120.0
STREAM, GROUP, READER = "bare", "readers", "reader"
UNSETTLED = "SELECT count(*) FROM outbox WHERE state <> 'settled'"
MOVED = "SELECT count(*) FROM inbox_cursor WHERE sequence = 1"


@dataclass(frozen=True, slots=True)
class Told:
    """What an event of the measurement carries: as much as an order of three lines."""

    TYPE: ClassVar[str] = "waybill.bench.told.v1"

    order_id: UUID
    text: str = "-" * 500


@dataclass(frozen=True, slots=True)
class EventRound:
    """Events a second in one interleaved round: by Redis' client alone, and from outbox to inbox."""

    bare: float
    handled: float


class _Way:
    """The way of events from one database to another; counts what has taken effect at its end."""

    def __init__(self, emitter: Database, subscriber: Database, url: str) -> None:
        self._outbox = Outbox(emitter)
        self._bus = RedisBus(url)
        inbox = Inbox(subscriber, {Told.TYPE: _nothing})
        self._consumer = RedisConsumer(SUBSCRIBER, inbox, url, [EMITTER])
        inbox.applied = self._count  # instead of the metrics
        self._relay = Relay(self._outbox, self._bus, [inbox.progress], retention=WEEK)
        self._left = 0
        self._ended = asyncio.Event()

    async def record(self, number: int) -> None:
        """Have so many events wait to be published, each of another subject."""
        for _ in range(number // RECORDED_AT_ONCE):
            subjects = [new_id() for _ in range(RECORDED_AT_ONCE)]
            async with self._outbox.database.transaction() as transaction:
                await self._outbox.record(transaction, [NewEvent(one, 1, Told(one)) for one in subjects])

    async def rate(self, number: int) -> float:
        """So many recorded events a second, until the last of them is committed in the inbox."""
        self._left = number
        running = [asyncio.create_task(one.run()) for one in (self._relay, self._consumer)]
        began = time.perf_counter()
        async with asyncio.timeout(ENDS_WITHIN_S):
            await self._ended.wait()
            took_s = time.perf_counter() - began
            while await self._outbox.depth():  # noqa: ASYNC110  # until all of it is settled too
                await asyncio.sleep(0.05)
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self._bus.close()
        return number / took_s

    def _count(self, events: Sequence[Event]) -> None:
        self._left -= len(events)
        if self._left <= 0:
            self._ended.set()


async def measure(folder: Path, rounds: int, number: int) -> Sequence[EventRound]:
    """Rounds of `number` events, by Redis' client alone and from outbox to inbox in turn.

    Raises:
        AssertionError: an event was lost, doubled or left unsettled: then no figure means anything.
    """
    with (
        EmbeddedPostgres(folder / "postgres", PASSWORDS) as server,
        EmbeddedValkey(folder / "valkey", "bench") as valkey,
    ):
        dsns = {module: _database(server.admin_dsn, module) for module in (EMITTER, SUBSCRIBER)}
        found = []
        collect_rarely()
        for turn in range(1, rounds + 1):
            bare = await _bare(valkey.url, number)
            async with _way(dsns, valkey.url) as way:
                await way.record(number)
                _analyze(dsns)
                found.append(EventRound(bare, await way.rate(number)))
            _check(dsns, number * turn)
        return found


def _analyze(dsns: dict[str, str]) -> None:
    """Have PostgreSQL know how much there is, as it does by itself within a minute where a system is at work."""
    for dsn in dsns.values():
        with psycopg.connect(dsn, autocommit=True) as connection:
            connection.execute("ANALYZE")


def _check(dsns: dict[str, str], number: int) -> None:
    with psycopg.connect(dsns[EMITTER]) as emitter, psycopg.connect(dsns[SUBSCRIBER]) as subscriber:
        ((unsettled,),) = emitter.execute(UNSETTLED).fetchall()
        ((moved,),) = subscriber.execute(MOVED).fetchall()
    assert moved == number, f"{number} events, {moved} handled"  # noqa: S101  # this is an oracle
    assert not unsettled, f"{unsettled} events are not settled"  # noqa: S101


def _database(admin_dsn: str, module: str) -> str:
    with psycopg.connect(admin_dsn, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE bench_{module}".encode())
    dsn = f"{admin_dsn.rpartition('/')[0]}/bench_{module}"
    migrations = Migrations(module, dsn)
    migrations.upgrade()
    migrations.close()
    return dsn


@asynccontextmanager
async def _way(dsns: dict[str, str], url: str) -> AsyncIterator[_Way]:
    async with AsyncExitStack() as opened:
        databases = {module: open_database(module, dsn) for module, dsn in dsns.items()}
        for database in databases.values():
            opened.push_async_callback(database.close)
        yield _Way(databases[EMITTER], databases[SUBSCRIBER], url)


async def _nothing(_transaction: object, _events: Sequence[Event]) -> None:
    """The handler of what is measured: its effect is the cursor that moves."""


async def _bare(url: str, number: int) -> float:
    """So many events a second through a stream, appended, read and acknowledged in the same batches, and no more."""
    document = written(_example())
    redis: Any = Redis.from_url(url, protocol=2)
    try:
        await redis.xgroup_create(STREAM, GROUP, id="0", mkstream=True)
        began = time.perf_counter()
        await asyncio.gather(_append(redis, document, number), _read(redis, number))
        return number / (time.perf_counter() - began)
    finally:
        await redis.delete(STREAM)
        await redis.aclose()


async def _append(redis: Any, document: bytes, number: int) -> None:
    for begin in range(0, number, PUBLISH_BATCH):
        async with redis.pipeline(transaction=False) as pipe:
            for _ in range(min(PUBLISH_BATCH, number - begin)):
                pipe.xadd(STREAM, {FIELD: document})
            await pipe.execute()


async def _read(redis: Any, number: int) -> None:
    left = number
    while left:
        for _, entries in await redis.xreadgroup(GROUP, READER, {STREAM: ">"}, count=READ_BATCH, block=1000):
            await redis.xack(STREAM, GROUP, *[place for place, _ in entries])
            left -= len(entries)


def _example() -> Event:
    subject = new_id()
    data = orjson.loads(orjson.dumps(Told(subject)))
    return Event(new_id(), f"/waybill/{EMITTER}", Told.TYPE, subject, 1, datetime.now(UTC), data)
