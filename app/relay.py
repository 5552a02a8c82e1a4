"""The relay: takes a module's events from its outbox to the bus, and asks the subscribers what became of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

from loguru import logger

from app.calm import Calm
from app.fresh import Fresh
from app.instance import instance_name
from app.telemetry.metrics import PUBLISHED, PUBLISHING, REPUBLISHED
from modules.kernel.errors import Unavailable
from modules.kernel.events import Bus, Event, Progress
from modules.kernel.outbox import Outbox, Place, verdict

BATCH = 512
ASK_AT_ONCE = 1000
MANY = 100
LEASE = timedelta(seconds=3)
LOOK_EVERY_S = 0.25
SETTLE_EVERY_S = 0.2
GATHER_AT_LEAST_S = 0.02
GATHER_AT_MOST_S = 0.1
STANDBY_S = 1.0
BUS_REST_S = 0.5
TRIM_EVERY_S = 5.0
PRUNE_EVERY_S = 60.0
PRUNE_BATCH = 1000

Ask = Callable[[str, Sequence[UUID]], Awaitable[Progress]]


class Relay:
    """Publishes and settles one module's events, while it holds the lease; stands by otherwise."""

    def __init__(
        self, outbox: Outbox, bus: Bus, subscribers: Sequence[Ask], *, retention: timedelta, calm: Calm | None = None
    ) -> None:
        self._outbox = outbox
        self._bus = bus
        self._subscribers = subscribers
        self._retention = retention
        self._calm = calm or Calm()  # one for all relays of a process
        self._holder = instance_name()
        self._token: int | None = None
        self._published = 0
        self._identity: str | None = None  # of the bus on which what is published is
        self._identified = False
        self._renew_at = self._bus_at = self._trim_at = self._prune_at = 0.0
        self._look_at = 0.0
        self._fresh = Fresh(BATCH)
        self._unwritten: dict[UUID, Place] = {}  # what is published and not written down yet
        self._woken = asyncio.Event()
        module = outbox.database.name
        self._publishing, self._counted = PUBLISHING.labels(module), PUBLISHED.labels(module)
        self._again = REPUBLISHED.labels(module)
        self.module = module
        outbox.wake = self._woken.set

    async def run(self) -> None:
        """Work until cancelled; the lease is then given back. Publishing waits for no subscriber's answer."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._keep(self.turn, self._pause))
                tasks.create_task(self._keep(self.settle, asyncio.sleep))
        finally:
            await self._end()

    async def _keep(self, turn: Callable[[], Awaitable[float]], rest: Callable[[float], Awaitable[None]]) -> None:
        while True:
            try:
                pause = await turn()
            except Unavailable as error:
                logger.warning("the relay of {} can't go on: {}", self._outbox.source, error.detail)
                pause = STANDBY_S
            except Exception:  # noqa: BLE001  # a fault of ours must not end the only one who publishes
                logger.exception("the relay of {} failed and tries again", self._outbox.source)
                pause = STANDBY_S
            await rest(pause)

    def heard(self) -> None:
        """Another process has recorded something: for who has the lease. Who stands by must not ring for a ring."""
        if self._token is not None:
            self._fresh.miss()
            self._woken.set()

    async def turn(self) -> float:
        """One round of publishing; answers for how many seconds there is nothing to do.

        Raises:
            Unavailable: the database or the bus is away.
        """
        woken = self._woken.is_set()
        self._woken.clear()  # before anything that may end the turn: who stays woken never rests
        now = time.monotonic()
        if now >= self._renew_at:
            await self._lease()
            self._renew_at = now + LEASE.total_seconds() / 3
        if self._token is None:
            if woken:
                await self._outbox.ring()
                await asyncio.sleep(GATHER_AT_LEAST_S)  # one ring for all that comes until then
            return STANDBY_S
        await self._serve_bus(self._token, now)
        return 0.0 if self._published else max(0.001, min(now + LOOK_EVERY_S, self._renew_at) - time.monotonic())

    async def settle(self) -> float:
        """One round of asking what became of events, and of pruning; answers how many seconds to wait for the next.

        Raises:
            Unavailable: the database or a subscriber is away.
        """
        if self._token is None:
            return LOOK_EVERY_S
        now = time.monotonic()
        if now >= self._prune_at and await self._outbox.prune(self._token, self._retention, PRUNE_BATCH) < PRUNE_BATCH:
            self._prune_at = now + PRUNE_EVERY_S
        return 0.0 if await self._settle(self._token) == ASK_AT_ONCE else SETTLE_EVERY_S

    async def _lease(self) -> None:
        token = await self._outbox.lease(self._holder, LEASE)
        if token != self._token:
            self._identity = None  # another may have published on another bus meanwhile
            self._begin_anew()
        self._outbox.offer = None if token is None else self._fresh.add
        self._token = token
        self._identified = False  # a bus that was emptied is another one: look as often as the lease is renewed

    async def _serve_bus(self, token: int, now: float) -> None:
        """Publish what is recorded, and trim; a bus that was away is left alone for a while."""
        self._published = 0
        if now < self._bus_at:
            await self._write_down(token, self._identity)
            return
        try:
            identity = await self._identify(token)
            self._published = await self._publish(token, identity)
            if self._bus.keeps and now >= self._trim_at:
                await self._trim(identity)
                self._trim_at = now + TRIM_EVERY_S
        except Unavailable:
            self._identified = False
            self._fresh.miss()
            self._bus_at = time.monotonic() + BUS_REST_S
            raise

    async def _identify(self, token: int) -> str:
        """Which bus this is; if it is another than before, what is unsettled on that counts as unpublished."""
        if self._identity is None or not self._identified:
            identity = await self._bus.identify()
            if identity != self._identity:
                self._begin_anew()
                self._again.inc(await self._outbox.forget_other_buses(token, identity))
            self._identity = identity
            self._identified = True
        return self._identity

    async def _publish(self, token: int, identity: str) -> int:
        events = await self._next(token, identity)
        if not events:
            return 0
        self._calm.stirred()
        with self._publishing.time():
            places = await self._bus.publish(events)
        now = time.monotonic()
        for event, place in zip(events, places, strict=True):
            if place is None:
                self._fresh.miss()
            else:
                self._unwritten[event.id] = Place(place, now)
        return len(events)

    async def _next(self, token: int, identity: str) -> Sequence[Event]:
        """What was recorded here since the last time, if that is all there is; else what the outbox says."""
        now = time.monotonic()
        if self._fresh and not self._fresh.missed and now < self._look_at and len(self._unwritten) < BATCH:
            return self._fresh.take()
        await self._write_down(token, identity)  # first, as it would be found again
        if not self._renew_at:
            return ()
        self._fresh.look()
        events = await self._outbox.take(BATCH)
        self._fresh.seen({event.id for event in events})
        if len(events) == BATCH:
            self._fresh.miss()
        self._look_at = now + LOOK_EVERY_S
        return events

    async def _write_down(self, token: int, identity: str | None) -> None:
        """Mark what was published: later than at once, so that no event waits for what is said of others."""
        if identity is None or not self._unwritten:
            return
        marked = await self._outbox.mark_published(token, identity, self._unwritten)
        self._counted.inc(marked)
        if marked < len(self._unwritten):
            self._renew_at = 0.0  # the lease has passed to another: see before these are published once more
        self._unwritten = {}

    def _begin_anew(self) -> None:
        """Look what is to be published on this bus, or with this lease."""
        self._fresh.miss()
        self._unwritten = {}

    async def _trim(self, identity: str) -> None:
        place = await self._outbox.settled_up_to(identity)
        if place is not None:
            await self._bus.trim(self._outbox.source, place)

    async def _settle(self, token: int) -> int:
        due = await self._outbox.unsettled(ASK_AT_ONCE)
        if not due:
            return 0
        subjects = list({event.subject for event in due})
        words = []
        for ask in self._subscribers:
            if len(due) < MANY:
                await self._calm.come()
            words.append(await ask(self._outbox.source, subjects))
        verdicts = {event.id: verdict(event, words) for event in due}
        await self._outbox.mark_checked(token, verdicts)
        self._again.inc(list(verdicts.values()).count("recorded"))
        return len(due)

    async def _pause(self, pause: float) -> None:
        await (self._rest(pause) if pause else self._gather())

    async def _gather(self) -> None:
        """Rest a millisecond for each event just published, and a few at least, unless more are waiting.

        So a lone event is not kept waiting, and a busy system takes many at a time, which costs it far less.
        """
        if self._published < BATCH:
            await asyncio.sleep(min(max(self._published / 1000, GATHER_AT_LEAST_S), GATHER_AT_MOST_S))

    async def _rest(self, pause: float) -> None:
        try:
            async with asyncio.timeout(pause):
                await self._woken.wait()
        except TimeoutError:
            pass

    async def _end(self) -> None:
        if self._token is not None:
            try:
                # in a task of its own: one that is being stopped reaches no database any more
                await asyncio.create_task(self._leave(self._token))
            except Unavailable:
                logger.info("the lease of {} runs out by itself", self._outbox.source)

    async def _leave(self, token: int) -> None:
        await self._write_down(token, self._identity)
        await self._outbox.end_lease(token)
