"""Who waits for news of which order, in this process."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID


class Watch:
    """Wakes those who follow an order. News from other processes is found by the followers' own looking."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, set[asyncio.Event]] = defaultdict(set)

    def tell(self, order_ids: Iterable[UUID]) -> None:
        """Say that there is news of these orders."""
        for order_id in order_ids:
            for event in self._waiting.get(order_id, ()):
                event.set()

    async def news(self, order_id: UUID, event: asyncio.Event, timeout_s: float) -> None:
        """Wait for news since the last call with this `event`, or for `timeout_s`."""
        self._waiting[order_id].add(event)
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            pass
        finally:
            event.clear()

    def leave(self, order_id: UUID, event: asyncio.Event) -> None:
        """Stop following."""
        waiting = self._waiting[order_id]
        waiting.discard(event)
        if not waiting:
            del self._waiting[order_id]
