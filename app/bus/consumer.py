"""The consumer of the in-process bus."""

import asyncio
from collections.abc import Sequence

from app.bus.beginning import Beginning
from app.bus.feeding import keep_taking_up, rest, take_up, tried
from app.telemetry.effects import measuring
from modules.kernel.events import Event
from modules.kernel.inbox import Inbox

BATCH = 256
PREFETCH = 1024


class Consumer:
    """Feeds one module's inbox, in batches, and takes up what is parked when its time has come.

    What it is given of a source that it does not follow yet it passes over: what of it was told after the beginning is
    not handled by then, so its emitter gives it again.
    """

    def __init__(self, module: str, inbox: Inbox, beginning: Beginning | None = None) -> None:
        self.module = module
        self.inbox = inbox
        self.beginning = beginning or Beginning(module)
        self._queue: asyncio.Queue[Event] = asyncio.Queue(PREFETCH)
        self._busy = False
        inbox.at_end = self._at_end
        inbox.applied = measuring(module)

    async def give(self, event: Event) -> None:
        """Hand an event over; waits while too many are waiting."""
        await self._queue.put(event)

    async def run(self) -> None:
        """Handle events until cancelled. What is being handled then is rolled back, and its emitter gives it again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.beginning.run())
            tasks.create_task(self._consume())
            tasks.create_task(keep_taking_up(self.module, self.inbox))

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
        await take_up(self.inbox)

    async def pending(self) -> int:
        """How many events wait to be handled."""
        return self._queue.qsize()

    async def _at_end(self, source: str) -> bool:
        return self.beginning.follows(source) and self._queue.empty() and not self._busy

    async def _consume(self) -> None:
        while True:
            await self.turn()

    async def _patiently(self, batch: Sequence[Event]) -> None:
        """Repeat while the database is away: an outage is no event's fault."""
        failures = 0
        while not await tried(self.module, self._handle(batch)):
            failures += 1
            await rest(failures)

    async def _handle(self, batch: Sequence[Event]) -> None:
        await self.beginning.look()
        if followed := [event for event in batch if self.beginning.follows(event.source)]:
            await self.inbox.handle(followed)
