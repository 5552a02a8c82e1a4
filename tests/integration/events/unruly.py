"""A bus on which events come twice, late and in any order; the same for the same seed."""

from collections.abc import Sequence
from random import Random

from modules.kernel.events import Bus, Event

KEEPS_BACK, REPEATS = 0.3, 0.3


class Unruly:
    """Around another bus. What it keeps back comes with something later, or when it is let go."""

    def __init__(self, bus: Bus, seed: int) -> None:
        self._bus = bus
        self._random = Random(seed)  # noqa: S311  # for shuffling
        self._kept: list[Event] = []
        self._past: list[Event] = []

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
        now = [*self._kept, *(event for event in self._past if self._random.random() < REPEATS)]
        self._kept = []
        for event in events:
            (self._kept if self._random.random() < KEEPS_BACK else now).append(event)
        self._past += events
        self._random.shuffle(now)
        for event in now:
            await self._bus.publish([event])
        return [str(event.id) for event in events]

    async def let_go(self) -> None:
        """Hand over what was kept back."""
        kept, self._kept = self._kept, []
        self._random.shuffle(kept)
        await self._bus.publish(kept)
