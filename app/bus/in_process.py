"""The bus for all modules in one process."""

from collections.abc import Iterable, Sequence

from app.bus.consumer import Consumer
from modules.kernel.events import Event
from modules.kernel.ids import new_id


class InProcessBus:
    """Hands events to consumers in this process. What it held when the process ended is published again."""

    keeps = False

    def __init__(self, subscriptions: Iterable[tuple[str, Consumer]]) -> None:
        self._identity = f"in_process:{new_id()}"
        self._consumers: dict[str, list[Consumer]] = {}
        for source, consumer in subscriptions:
            self._consumers.setdefault(source, []).append(consumer)

    async def identify(self) -> str:
        """The same for as long as this process lives."""
        return self._identity

    async def trouble(self) -> str | None:
        """Nothing can be wrong with it that is not wrong with this process."""
        return None

    async def publish(self, events: Sequence[Event]) -> Sequence[str | None]:
        """Hand events over, in order; waits while a subscriber has too many waiting."""
        for event in events:
            for consumer in self._consumers.get(event.source, ()):
                await consumer.give(event)
        return [str(event.id) for event in events]

    async def trim(self, source: str, place: str) -> None:
        """Nothing: it keeps no event that was handled."""

    async def close(self) -> None:
        """Nothing: it has nothing open."""
