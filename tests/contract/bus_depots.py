"""What the contract suite of the buses needs of each: processes that can be started, stopped and killed.

What a bus cannot do is said here, by its depot, and the suite holds it to just that.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from app.bus import BATCH, PREFETCH, Consumer, InProcessBus
from app.bus.redis import RedisBus, RedisConsumer
from app.bus.redis.connection import open_redis
from app.relay import Relay
from modules.kernel.events import Bus
from modules.kernel.inbox import Inbox
from tests.integration.events.letters import SOURCE, events
from tests.integration.events.mail import Mail
from tests.integration.events.sending import WEEK, Unsteady, both, lease_runs_out, pause_is_over
from tests.support.path_redis import PATH_REDIS


class Runs(Protocol):
    """A consumer of whatever bus."""

    inbox: Inbox

    async def run(self) -> None: ...


class Process:
    """A bus, the consumers in its process, each of another module, and the emitter's relay, turned by hand."""

    def __init__(self, bus: Bus, consumers: Sequence[Runs], emitter: Mail, subscribers: Sequence[Mail]) -> None:
        self.bus = bus
        self.consumers = consumers
        self._emitter = emitter
        progress = [consumer.inbox.progress for consumer in consumers]
        away = [mail.inbox().progress for mail in subscribers[len(consumers) :]]
        self._relay = Relay(emitter.outbox(), bus, [*progress, *away], retention=WEEK)
        self._running = [emitter.begin(consumer.run()) for consumer in consumers]

    async def publish(self, called: str) -> Sequence[str | None]:
        """Publish events by hand."""
        return await self.bus.publish(events(called))

    async def relay(self, *, all_due: bool = False) -> None:
        """Have the relay publish what is recorded, and what is lost, and ask what became of it.

        With `all_due` also what else is to be done from time to time: it trims, and prunes.
        """
        await pause_is_over(self._emitter)
        self._relay._renew_at = self._relay._bus_at = 0.0
        if all_due:
            self._relay._trim_at = self._relay._prune_at = 0.0
        await both(self._relay)

    async def settled(self) -> None:
        """Until every event recorded is settled."""
        async with asyncio.timeout(10):
            while set((await self._emitter.outgoing()).values()) - {"settled"}:
                await self.relay()

    async def stop(self) -> None:
        """Have the process end, whatever it was about; another has its lease at once."""
        for task in self._running:
            task.cancel()
        _, alive = await asyncio.wait(self._running, timeout=10)
        assert not alive, "it was told to stop, and goes on"
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

    async def open(self) -> None:
        """Have nothing on it."""
        ...

    async def close(self) -> None:
        """Close what it opened."""
        ...

    async def time_passes(self) -> None:
        """Have what the dead had in hand be abandoned for long enough."""
        ...


class InProcess:
    """The bus for all modules in one process."""

    holds: int | None = PREFETCH + BATCH
    lasts = False
    counts_deaths = False

    async def start(self, emitter: Mail, *modules: Mail, subscribers: Sequence[Mail] = ()) -> Process:
        consumers = [Consumer(mail.database.name, mail.inbox(), mail.beginning()) for mail in modules]
        bus: Bus = self._around(InProcessBus([(SOURCE, consumer) for consumer in consumers]))
        return Process(bus, consumers, emitter, subscribers or modules)

    async def open(self) -> None:
        pass

    async def close(self) -> None:
        pass

    async def time_passes(self) -> None:
        pass

    def _around(self, bus: Bus) -> Bus:
        return bus


class ByHand(InProcess):
    """The fake that the tests of the relay use, when it is told to lose nothing."""

    def _around(self, bus: Bus) -> Bus:
        return Unsteady(bus)


class Mortal(RedisConsumer):
    """A consumer whose process can be killed: it leaves nothing to the others."""

    killed = False

    async def _leave(self) -> None:
        if not self.killed:
            await super()._leave()


class OverRedis:
    """The bus over a server that speaks Redis' protocol."""

    holds: int | None = None
    lasts = True
    counts_deaths = True
    stream = "waybill:sales"

    def __init__(self, url: str) -> None:
        self.url = url
        self.redis = open_redis(url)
        self._opened: list[Callable[[], Awaitable[None]]] = [self.redis.aclose]

    async def open(self) -> None:
        await self.redis.flushdb()

    async def close(self) -> None:
        for close in self._opened:
            await close()

    async def start(self, emitter: Mail, *modules: Mail, subscribers: Sequence[Mail] = ()) -> Process:
        consumers = [self.consumer(mail) for mail in modules]
        return Process(self.bus(), consumers, emitter, subscribers or modules)

    async def time_passes(self) -> None:
        for group in await self.redis.xinfo_groups(self.stream) if await self.redis.exists(self.stream) else ():
            for row in await self.pending(group["name"].decode()):
                place, owner = row["message_id"], row["consumer"]
                await self.redis.xclaim(self.stream, group["name"], owner, 0, [place], idle=6000, justid=True)

    def bus(self) -> RedisBus:
        bus = RedisBus(self.url)
        self._opened.append(bus.close)
        return bus

    def consumer(self, mail: Mail) -> Mortal:
        consumer = Mortal(mail.database.name, mail.inbox(), self.url, ["sales"], mail.beginning())
        self._opened.append(consumer.close)
        return consumer

    async def pending(self, module: str = "sales") -> Sequence[Any]:
        """What is in some consumer's hands."""
        rows: Sequence[Any] = await self.redis.xpending_range(self.stream, module, "-", "+", 1000)
        return rows

    async def names(self, module: str = "sales") -> set[bytes]:
        """The consumers that the group knows."""
        return {row["name"] for row in await self.redis.xinfo_consumers(self.stream, module)}


BROKERS = ("valkey", "redis") if isinstance(PATH_REDIS, Path) else ("valkey",)

DEPOTS: dict[str, Callable[[Mapping[str, str]], Depot]] = {
    "in_process": lambda _: InProcess(),
    "by_hand": lambda _: ByHand(),
    "valkey": lambda brokers: OverRedis(brokers["valkey"]),
    **({"redis": lambda brokers: OverRedis(brokers["redis"])} if "redis" in BROKERS else {}),
}
