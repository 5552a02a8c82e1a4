"""An emitter that says how far it is when it is asked, and may be away, or slow."""

from collections.abc import Sequence
from uuid import UUID

from modules.kernel.events import LastTold
from tests.integration.events.letters import Fault, name, subject


class Teller:
    """It has told of each subject up to the number it is called by: "A3" is A with three events."""

    def __init__(self, told: str = "", *, page: int = 2, before: Fault | None = None) -> None:
        self.asked: list[str | None] = []  # from behind which subject, each time
        self.before = before
        self._told = {subject(one): int(one[1:]) for one in told.split()}
        self._page = page

    def tells(self, called: str) -> None:
        """One event more."""
        self._told[subject(called)] = int(called[1:])

    async def last_told(self, after: UUID | None, limit: int) -> Sequence[LastTold]:
        self.asked.append(None if after is None else name(after))
        if self.before is not None:
            await self.before()
        behind = sorted(one for one in self._told if after is None or one > after)
        return [LastTold(one, self._told[one]) for one in behind[: min(limit, self._page)]]
