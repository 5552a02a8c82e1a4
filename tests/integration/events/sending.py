"""A relay that is turned by hand, a bus that loses what it is told to, and the consumer at its other end."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from app.bus import Consumer, InProcessBus
from app.calm import Calm
from app.relay import Ask, Relay
from modules.kernel.database import sql
from modules.kernel.errors import NotReached
from modules.kernel.events import Bus, Event, Progress
from modules.kernel.inbox import Inbox
from tests.integration.events.letters import SOURCE, Fault, name, news
from tests.integration.events.mail import Mail

WEEK = timedelta(days=7)
PATIENCE_S = 10.0  # only a test that fails waits so long


class Unsteady:
    """A bus around another that refuses, or takes and loses, the events it is told to; its first call may wait."""

    def __init__(self, bus: Bus, *, loses: str = "", refuses: str = "", before: Fault | None = None) -> None:
        self.published: list[str] = []  # every time, whatever came of it
        self._bus = bus
        self._loses = loses.split()
        self._refuses = refuses.split()
        self._before = before

    @property
    def keeps(self) -> bool:
        return self._bus.keeps

    async def identify(self) -> str:
        return await self._bus.identify()

    async def trim(self, source: str, place: str) -> None:
        await self._bus.trim(source, place)

    async def trouble(self) -> str | None:
        return await self._bus.trouble()

    async def close(self) -> None:
        await self._bus.close()

    async def publish(self, events: Sequence[Event]) -> Sequence[str | None]:
        before, self._before = self._before, None
        if before is not None:
            await before()
        called = [name(event.subject, event.sequence) for event in events]
        self.published += called
        lost = {*self._loses, *self._refuses}
        await self._bus.publish([event for event, one in zip(events, called, strict=True) if one not in lost])
        return [None if one in self._refuses else one for one in called]


class Word:
    """A subscriber that says what it is told to say."""

    def __init__(self, *, at_end: bool = True, parked: str = "", error: Exception | None = None) -> None:
        self.handled: dict[UUID, int] = {}
        self.asked = 0
        self.error = error
        self._at_end = at_end
        self._parked = {UUID(int=ord(one[0])): frozenset({int(one[1:])}) for one in parked.split()}

    def has_handled(self, called: str) -> None:
        self.handled[UUID(int=ord(called[0]))] = int(called[1:])

    async def progress(self, _source: str, _subjects: Sequence[UUID]) -> Progress:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return Progress(dict(self.handled), self._parked, self._at_end)


class Undisturbed(Calm):
    """Lets nobody wait."""

    async def come(self) -> None: ...


AWAY = Word(error=NotReached("away"))


class Sender:
    """One process: its bus, its consumer and its relay."""

    def __init__(
        self,
        mail: Mail,
        *,
        loses: str = "",
        refuses: str = "",
        before: Fault | None = None,
        subscribers: Sequence[Word] | None = None,
        inbox: Inbox | None = None,
    ) -> None:
        self._mail = mail
        self.inbox = inbox or mail.inbox()
        self.consumer = Consumer("sales", self.inbox)
        self.bus = Unsteady(InProcessBus([(SOURCE, self.consumer)]), loses=loses, refuses=refuses, before=before)
        asks: list[Ask] = [one.progress for one in subscribers or ()]
        self.outbox = mail.outbox()
        self.relay = mail.make_relay(
            self.outbox, self.bus, asks or [self.inbox.progress], retention=WEEK, calm=Undisturbed()
        )

    async def record(self, called: str) -> None:
        """Have its module record events with its change."""
        async with self._mail.database.transaction() as transaction:
            await self.outbox.record(transaction, news(called))

    async def turn(self) -> float:
        """One turn of the relay, in which every subscriber is due to be asked."""
        self.relay._bus_at = 0.0
        return await both(self.relay)

    async def deliver(self) -> None:
        """Have the consumer handle all that waits for it."""
        while not await self.inbox.at_end(SOURCE):
            await self.consumer.turn()

    async def send(self) -> None:
        """Publish, handle, and ask what became of it."""
        await self.turn()
        await self.deliver()
        await self.turn()


DUE = sql("UPDATE outbox SET check_at = clock_timestamp() WHERE state = 'published'")


async def both(relay: Relay) -> float:
    """Have a relay publish, and then ask about everything, also where the one fails; how long it then has to rest."""
    try:
        pause = await relay.turn()
        await written_down(relay)
        return pause
    finally:
        async with relay._outbox.database.single() as transaction:
            await transaction.execute(DUE)
        await relay.settle()


async def written_down(relay: Relay) -> None:
    """Have a relay mark what it has published, as it does before it looks into the outbox again."""
    if relay._token is not None:
        await relay._write_down(relay._token, relay._identity)


async def pause_is_over(mail: Mail) -> None:
    """Have the pause before an event is published again be over."""
    await mail.do("UPDATE outbox SET published_at = published_at - interval '10 min' WHERE state = 'published'")


async def lease_runs_out(mail: Mail) -> None:
    """Have the relay that holds the lease not have renewed it in time."""
    await mail.do("UPDATE relay_lease SET expires_at = clock_timestamp() - interval '1 s'")


async def stopped(task: asyncio.Task[None]) -> None:
    """Have a relay or consumer stop as a process does that ends."""
    task.cancel()
    await asyncio.wait([task], timeout=10)
    assert task.done(), "it was told to stop, and goes on"


async def handled(mail: Mail, expected: str) -> None:
    """Until these events, and no others, have taken effect."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while sorted((await mail.effects()).split()) != sorted(expected.split()):
                pass
    except TimeoutError:
        raise AssertionError(f"took effect: {await mail.effects()}; waited for: {expected}") from None
