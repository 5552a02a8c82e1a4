"""The relay as somebody might have written it who did not know better."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from app.relay import Ask, Relay
from modules.kernel.database import Transaction
from modules.kernel.errors import Unavailable
from modules.kernel.events import Event, NewEvent, Progress
from modules.kernel.outbox import Outbox, Unsettled
from tests.integration.events.sending import Unsteady


class KnowsNoBetter(Relay):
    """Does not ask why what it did was not written down."""

    async def _write_down(self, token: int, identity: str | None) -> None:
        renew_at = self._renew_at
        await super()._write_down(token, identity)
        self._renew_at = renew_at


class KnowsItsBus(Relay):
    """Asks which bus it has when it begins."""

    async def _lease(self) -> None:
        known = self._identified
        await _lease(self)
        self._identified = known


_lease = Relay._lease


class RestsUntilWoken(Relay):
    """Looks when it is told that there is something."""

    async def turn(self) -> float:
        return 3600.0 if await super().turn() else 0.0


class AsksBeforeItGoesOn(Relay):
    """Does one thing after the other."""

    async def turn(self) -> float:
        pause = await super().turn()
        await self.settle()
        return pause

    async def _keep(self, turn: Callable[[], Awaitable[float]], rest: Callable[[float], Awaitable[None]]) -> None:
        if turn != self.settle:
            await super()._keep(turn, rest)


class Rings(Outbox):
    """Rings in its own house only."""

    async def ring(self) -> None:
        self.woken()


class HearsAlways(Relay):
    """Is woken by whatever it hears."""

    def heard(self) -> None:
        self._woken.set()


class TakesSomeForAll(Relay):
    """Takes the word of its bus for one about every event."""

    def __init__(self, outbox: Outbox, bus: Any, subscribers: Sequence[Ask], **more: Any) -> None:
        super().__init__(outbox, _Obliging(bus), subscribers, **more)


class _Obliging(Unsteady):
    """A bus that has a place for what it did not take."""

    async def publish(self, events: Sequence[Event]) -> Sequence[str | None]:
        return [place or "somewhere" for place in await self._bus.publish(events)]


class TakesSilenceForYes(Relay):
    """Who gives no answer has nothing against it, it seems."""

    def __init__(self, outbox: Outbox, bus: Any, subscribers: Sequence[Ask], **more: Any) -> None:
        super().__init__(outbox, bus, [_obliging(ask) for ask in subscribers], **more)


def _obliging(ask: Ask) -> Ask:
    async def asked(source: str, subjects: Sequence[Any]) -> Progress:
        try:
            return await ask(source, subjects)
        except Unavailable:
            return Progress(dict.fromkeys(subjects, 1_000_000), {}, at_end=True)

    return asked


class WakesTooSoon(Outbox):
    """Wakes the relay when it records, and again when that is there."""

    async def record(self, transaction: Transaction, events: Sequence[NewEvent]) -> None:
        await super().record(transaction, events)
        self.woken()


def settled_by_the_first(event: Unsettled, words: Sequence[Progress]) -> str:
    """One subscriber is as good as another."""
    return "settled" if any(one.handled.get(event.subject, 0) >= event.sequence for one in words) else "published"


def settled_when_parked(event: Unsettled, words: Sequence[Progress]) -> str:
    """What a subscriber has set aside is in good hands."""
    known = [
        one.handled.get(event.subject, 0) >= event.sequence
        or event.sequence in one.parked.get(event.subject, frozenset())
        for one in words
    ]
    return "settled" if all(known) else "published"
