"""The subscribers' end of the Redis bus."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple

from loguru import logger

from app.bus.beginning import Beginning
from app.bus.feeding import keep_taking_up, rest, tried
from app.bus.redis.connection import ANSWERS_WITHIN_S, FIELD, NoGroup, answered, open_redis
from app.bus.redis.group import LEFT, Group, Pending, Raw
from app.instance import instance_name
from app.telemetry.effects import measuring
from app.telemetry.metrics import CLAIMED
from modules.kernel.errors import Unavailable
from modules.kernel.events import Event, read, source_of
from modules.kernel.inbox import Inbox

BATCH = 256
BLOCK_S = 1.0
LOOK_EVERY_S = 1.0
RENEW_EVERY_S = 1.0
LEFT_MS = 2_000
ABANDONED_MS = 5_000
TIDY_EVERY_S = 60.0
GONE_MS = 60_000
ALONE_FROM = 2
DEAD_FROM = 5
LEAVES_WITHIN_S = 2.0


class Entry(NamedTuple):
    """An entry of a stream in the hands of this consumer, and the event in it, if it is one of ours."""

    group: Group
    id: bytes
    event: Event | None


class RedisConsumer:
    """Feeds one module's inbox from the streams of `sources` (modules), and takes up what is parked.

    Several of one module share the work. What one had in hand when it was killed, another takes over after 5 s, each
    entry by itself; an entry that was given to five is a dead letter. It reads nothing of a source that it does not
    follow yet: that stays in the stream.
    """

    def __init__(
        self, module: str, inbox: Inbox, url: str, sources: Sequence[str], beginning: Beginning | None = None
    ) -> None:
        self.module = module
        self.inbox = inbox
        self.beginning = beginning or Beginning(module)
        self.name = instance_name().encode()
        self._redis = open_redis(url)
        self._reader = open_redis(url, blocking=True)
        self._all = [Group(self._redis, source_of(source), module, self.name) for source in sources]
        self._in_hand: dict[Group, set[bytes]] = {group: set() for group in self._all}
        self._look_at = self._tidy_at = 0.0
        inbox.at_end = self._at_end
        inbox.applied = measuring(module)

    @property
    def _groups(self) -> Sequence[Group]:
        """Those of the sources that are followed."""
        return [group for group in self._all if self.beginning.follows(group.source)]

    async def run(self) -> None:
        """Handle events until cancelled; what is being handled then is rolled back and left to the others."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self.beginning.run())
                tasks.create_task(self._consume())
                tasks.create_task(self._renew())
                tasks.create_task(keep_taking_up(self.module, self.inbox))
        except asyncio.CancelledError:
            await tried(self.module, asyncio.create_task(self._leave()))
            raise
        finally:
            await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._reader.aclose()
        await self._redis.aclose()

    async def turn(self) -> None:
        """Take over what others left behind, when it is time to look; then wait a second for events and handle them.

        Raises:
            NoGroup: the groups have to be made first.
            Unavailable: Redis gives no answer.
        """
        await self.beginning.look()
        try:
            if time.monotonic() >= self._look_at:
                await self._look()
                self._look_at = time.monotonic() + LOOK_EVERY_S
            await self._handle(await self._read())
        finally:
            for ids in self._in_hand.values():
                ids.clear()

    async def pending(self) -> int:
        """How many events the module was given and is not done with.

        Raises:
            Unavailable: Redis gives no answer.
        """
        return sum([await group.count() for group in self._groups])

    async def make_groups(self) -> None:
        """Have this module be subscribed, from the first event that is there."""
        for group in self._groups:
            await group.make()

    async def _consume(self) -> None:
        failures = 0
        while True:
            try:
                await self.turn()
            except NoGroup:
                done = await tried(self.module, self.make_groups())
            except Unavailable as error:
                logger.warning("{} gets no events: {}", self.module, error.detail)
                done = False
            except Exception:  # noqa: BLE001  # a fault of ours must not end the only one who reads
                logger.exception("{} failed to handle events and tries again", self.module)
                done = False
            else:
                done = True
            failures = 0 if done else failures + 1
            if failures:
                await rest(failures)

    async def _read(self) -> Sequence[Entry]:
        """New entries, after a second at most."""
        wanted = {group.stream: ">" for group in self._groups}
        if not wanted:
            await asyncio.sleep(BLOCK_S)
            return []
        with answered():
            # A Redis that is halted says nothing at all, not even that the second is over.
            async with asyncio.timeout(BLOCK_S + 2 * ANSWERS_WITHIN_S):
                given = await self._reader.xreadgroup(
                    self.module, self.name, wanted, count=BATCH, block=int(BLOCK_S * 1000)
                )
        raw = {stream.decode(): entries for stream, entries in given or ()}
        return [entry for group in self._groups for entry in self._taken(group, raw.get(group.stream, ()))]

    async def _look(self) -> None:
        """Take over what others left behind or abandoned, and what was given to us and never arrived."""
        for group in self._groups:
            rows = await group.pending(idle_ms=LEFT_MS)
            left = [row for row in rows if row.consumer == LEFT and row.deliveries < ALONE_FROM]
            for begin in range(0, len(left), BATCH):
                ids = [row.id for row in left[begin : begin + BATCH]]
                claimed = await group.claim(ids, idle_ms=LEFT_MS, count=1)
                CLAIMED.labels(self.module).inc(len(claimed))
                await self._handle(self._taken(group, claimed))
            for row in rows:
                if row not in left:
                    await self._take_over(group, row)
        if time.monotonic() >= self._tidy_at:
            self._tidy_at = time.monotonic() + TIDY_EVERY_S
            for group in self._groups:
                await group.tidy(idle_ms=GONE_MS)

    async def _take_over(self, group: Group, row: Pending) -> None:
        """Handle one entry by itself, and count that, so that one that kills its process is found out."""
        count = row.deliveries if row.consumer == LEFT else row.deliveries + 1
        patience_ms = LEFT_MS if row.consumer in {LEFT, self.name} else ABANDONED_MS
        if row.idle_ms < patience_ms:
            return
        entries = self._taken(group, await group.claim([row.id], idle_ms=patience_ms, count=count))
        CLAIMED.labels(self.module).inc(len(entries))
        if entries and entries[0].event is not None and count >= DEAD_FROM:
            await self._give_up(entries[0].event, count)
            await self._done(entries)
        else:
            await self._handle(entries)

    async def _give_up(self, event: Event, count: int) -> None:
        reason = f"{count - 1} processes ended in the middle of it"
        try:
            await self._patiently(lambda: self.inbox.give_up(event, count - 1, reason))
        except Exception:  # noqa: BLE001  # what can't even be parked must not come again and again
            logger.exception("{} can't park event {}", self.module, event.id)

    async def _handle(self, entries: Sequence[Entry]) -> None:
        """Give entries their effect, and say so to Redis. What is no event of ours is done with as it is."""
        events = [entry.event for entry in entries if entry.event is not None]
        try:
            if events:
                await self._patiently(lambda: self.inbox.handle(events))
        except Exception:  # noqa: BLE001  # the inbox parks what handlers raise, so this is a fault of ours
            if len(entries) > 1:
                for entry in entries:
                    await self._handle([entry])
            else:  # left in our name and taken over again, which is counted
                logger.exception("{} can't handle event {}", self.module, events[0].id)
            return
        await self._done(entries)

    async def _done(self, entries: Sequence[Entry]) -> None:
        for group, in_hand in self._in_hand.items():
            if ids := [entry.id for entry in entries if entry.group is group]:
                await group.acknowledge(ids)
                in_hand.difference_update(ids)

    async def _patiently(self, work: Callable[[], Awaitable[None]]) -> None:
        """Repeat while the database is away: an outage is no event's fault, and no reason to lose it to another."""
        failures = 0
        while True:
            try:
                await work()
            except Unavailable as error:
                logger.warning("{} can't handle events: {}", self.module, error.detail)
                failures += 1
                await rest(failures)
            else:
                return

    def _taken(self, group: Group, raw: Sequence[Raw]) -> Sequence[Entry]:
        self._in_hand[group].update(place for place, _ in raw)
        return [Entry(group, place, _event(group, place, fields)) for place, fields in raw]

    async def _renew(self) -> None:
        """Keep what is in hand from being taken for abandoned, however long it takes."""
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            for group, ids in self._in_hand.items():
                if ids:
                    await tried(self.module, group.renew(list(ids)))

    async def _leave(self) -> None:
        with answered():
            async with asyncio.timeout(LEAVES_WITHIN_S):
                await self._reader.aclose()  # so that nothing more is given to us
                for group in self._groups:
                    await group.leave(idle_ms=LEFT_MS)

    async def _at_end(self, source: str) -> bool:
        for group in self._groups:
            if group.source == source:
                try:
                    return await group.is_at_end()
                except NoGroup:
                    return True  # there is no stream
                except Unavailable:
                    return False
        return False


def _event(group: Group, place: bytes, fields: Mapping[bytes, bytes]) -> Event | None:
    """The event in an entry; whatever else somebody may have put there is none."""
    try:
        event = read(fields[FIELD])
    except (KeyError, TypeError, ValueError) as error:
        logger.warning("{} {} is passed over: {!r}", group.stream, place.decode(), error)
        return None
    if event.source != group.source:
        logger.warning("{} {} is passed over: its source is {}", group.stream, place.decode(), event.source)
        return None
    return event
