"""The buses: how events get from a relay to the inboxes of the subscribing modules."""

import asyncio
from collections.abc import Awaitable, Iterable, Sequence

from loguru import logger

from modules.kernel.errors import Unavailable
from modules.kernel.events import Event
from modules.kernel.ids import new_id
from modules.kernel.inbox import Inbox

BATCH = 256
PREFETCH = 1024
PARKED_EVERY_S = 0.25
PAUSES_S = (0.05, 0.2, 0.5, 1.0)


class Consumer:
    """Feeds one module's inbox, in batches, and takes up what is parked when its time has come."""

    def __init__(self, module: str, inbox: Inbox) -> None:
        self.module = module
        self.inbox = inbox
        self._queue: asyncio.Queue[Event] = asyncio.Queue(PREFETCH)
        self._busy = False
        inbox.at_end = lambda _source: self._queue.empty() and not self._busy

    async def give(self, event: Event) -> None:
        """Hand an event over; waits while too many are waiting."""
        await self._queue.put(event)

    async def run(self) -> None:
        """Handle events until cancelled. What is being handled then is rolled back, and its emitter gives it again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._consume())
            tasks.create_task(self._take_up())

    async def turn(self) -> None:
        """Wait for an event, and handle what is waiting, as much as makes a batch."""
        batch = [await self._queue.get()]
        self._busy = True
        try:
            while len(batch) < BATCH and not self._queue.empty():
                batch.append(self._queue.get_nowait())
            await self._patiently(batch)
        finally:
            self._busy = False

    async def take_up(self) -> None:
        """Try what is parked and due."""
        for key in await self.inbox.due():
            await self.inbox.take_up(key)

    async def _consume(self) -> None:
        while True:
            await self.turn()

    async def _patiently(self, batch: Sequence[Event]) -> None:
        """Repeat while the database is away: an outage is no event's fault."""
        failures = 0
        while not await self._tried(self.inbox.handle(batch)):
            await asyncio.sleep(PAUSES_S[min(failures, len(PAUSES_S) - 1)])
            failures += 1

    async def _take_up(self) -> None:
        while True:
            await self._tried(self.take_up())
            await asyncio.sleep(PARKED_EVERY_S)

    async def _tried(self, work: Awaitable[None]) -> bool:
        """Whether `work` was done; nothing that it raises ends this consumer."""
        try:
            await work
        except Unavailable as error:
            logger.warning("{} can't handle events: {}", self.module, error.detail)
        except Exception:  # noqa: BLE001  # the inbox parks what handlers raise, so this is a fault of ours
            logger.exception("{} failed to handle events and tries again", self.module)
        else:
            return True
        return False


class InProcessBus:
    """Hands events to consumers in this process. What it held when the process ended is published again."""

    def __init__(self, subscriptions: Iterable[tuple[str, Consumer]]) -> None:
        self.identity = f"in_process:{new_id()}"
        self._consumers: dict[str, list[Consumer]] = {}
        for source, consumer in subscriptions:
            self._consumers.setdefault(source, []).append(consumer)

    async def publish(self, events: Sequence[Event]) -> Sequence[str | None]:
        """Hand events over, in order; waits while a subscriber has too many waiting."""
        for event in events:
            for consumer in self._consumers.get(event.source, ()):
                await consumer.give(event)
        return [str(event.id) for event in events]
