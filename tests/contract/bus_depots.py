"""What the contract suite of the buses needs of each: processes that can be started, stopped and killed.

What a bus cannot do is said here, by its depot, and the suite holds it to just that.
"""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from app.bus import BATCH, PREFETCH, Consumer, InProcessBus
from app.relay import Relay
from modules.kernel.events import Bus
from tests.integration.events.letters import SOURCE, events
from tests.integration.events.mail import Mail
from tests.integration.events.sending import WEEK, Unsteady, lease_runs_out, pause_is_over


class Process:
    """A bus, the consumers in its process, each of another module, and the emitter's relay, turned by hand."""

    def __init__(self, bus: Bus, consumers: Sequence[Consumer], emitter: Mail, subscribers: Sequence[Mail]) -> None:
        self.bus = bus
        self._emitter = emitter
        progress = [consumer.inbox.progress for consumer in consumers]
        away = [mail.inbox().progress for mail in subscribers[len(consumers) :]]
        self._relay = Relay(emitter.outbox(), bus, [*progress, *away], retention=WEEK)
        self._running = [emitter.begin(consumer.run()) for consumer in consumers]

    async def publish(self, called: str) -> Sequence[str | None]:
        """Publish events by hand."""
        return await self.bus.publish(events(called))

    async def relay(self) -> None:
        """Have the relay publish what is recorded, and what is lost, and ask what became of it."""
        await pause_is_over(self._emitter)
        await self._emitter.do("UPDATE outbox SET check_at = clock_timestamp() WHERE state = 'published'")
        self._relay._settle_at = 0.0
        await self._relay.turn()

    async def settled(self) -> None:
        """Until every event recorded is settled."""
        async with asyncio.timeout(10):
            while set((await self._emitter.outgoing()).values()) - {"settled"}:
                await self.relay()

    async def stop(self) -> None:
        """Have the process end, whatever it was about; another has its lease at once."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await lease_runs_out(self._emitter)


class Depot(Protocol):
    """One kind of bus."""

    holds: int | None
    """How many events it takes for a subscriber that handles none, before `publish` waits; `None`: any number."""
    lasts: bool
    """Whether it is the same bus, with what it held, for the next process."""
    counts_deaths: bool
    """Whether it can tell which event killed a process; only what was parked is counted otherwise."""

    async def start(self, emitter: Mail, *modules: Mail, subscribers: Sequence[Mail] = ()) -> Process:
        """A process in which these modules are subscribed to the emitter; of all its `subscribers` they are the first."""
        ...


class InProcess:
    """The bus for all modules in one process."""

    holds: int | None = PREFETCH + BATCH
    lasts = False
    counts_deaths = False

    async def start(self, emitter: Mail, *modules: Mail, subscribers: Sequence[Mail] = ()) -> Process:
        consumers = [Consumer(mail.database.name, mail.inbox()) for mail in modules]
        bus: Bus = self._around(InProcessBus([(SOURCE, consumer) for consumer in consumers]))
        return Process(bus, consumers, emitter, subscribers or modules)

    def _around(self, bus: Bus) -> Bus:
        return bus


class ByHand(InProcess):
    """The fake that the tests of the relay use, when it is told to lose nothing."""

    def _around(self, bus: Bus) -> Bus:
        return Unsteady(bus)


DEPOTS: dict[str, type[Depot]] = {"in_process": InProcess, "by_hand": ByHand}
