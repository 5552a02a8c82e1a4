"""A bus on which nothing moves by itself: whoever holds it says which event arrives next, and which arrives again."""

from collections.abc import Mapping, Sequence

from modules.kernel.events import Event
from modules.kernel.ids import new_id
from modules.kernel.inbox import Inbox


class Post:
    """Keeps what is published until it is handed over; one that is lost comes back as another one, and empty."""

    keeps = False

    def __init__(self) -> None:
        self.waiting: list[Event] = []
        self.past: list[Event] = []
        self._identity = str(new_id())

    async def identify(self) -> str:
        return self._identity

    async def trouble(self) -> str | None:
        return None

    async def trim(self, source: str, place: str) -> None:
        del source, place

    async def close(self) -> None:
        return None

    async def publish(self, events: Sequence[Event]) -> Sequence[str | None]:
        self.waiting += events
        return [str(event.id) for event in events]

    async def hand_over(self, number: int, inboxes: Mapping[str, Sequence[Inbox]], *, together: int = 1) -> None:
        """Have some of what waits arrive, from whatever place, in one batch."""
        picked = [self.waiting.pop(number % len(self.waiting)) for _ in range(min(together, len(self.waiting)))]
        self.past += picked
        await self.arrive(picked, inboxes)

    async def arrive(self, events: Sequence[Event], inboxes: Mapping[str, Sequence[Inbox]]) -> None:
        """Have events arrive at all who follow their sources."""
        for source in sorted({event.source for event in events}):
            for inbox in inboxes[source]:
                await inbox.handle([event for event in events if event.source == source])
