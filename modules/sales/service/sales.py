"""What sales answers to other modules."""

from collections.abc import Sequence
from uuid import UUID

from modules.kernel.database import Database
from modules.kernel.events import LastTold, Progress
from modules.kernel.ids import HoldId
from modules.kernel.inbox import Inbox
from modules.sales import repository
from modules.sales.port import Settlement

MOST_TOLD = 5000
"""How many orders are told of at a time."""


class SalesService:
    """Fulfils `SalesPort`: it is the adapter of the process that hosts sales."""

    def __init__(self, database: Database, inbox: Inbox) -> None:
        self._database = database
        self._inbox = inbox

    async def settle(self, hold_ids: Sequence[HoldId]) -> Sequence[Settlement]:
        """Decide for each hold whether it became an order. The answer is given after it is committed."""
        async with self._database.transaction() as transaction:
            await repository.decide(transaction, dict.fromkeys(hold_ids))
            decided = await repository.decisions(transaction, hold_ids)
        return [Settlement.VOID if decided[hold_id] is None else Settlement.STORED for hold_id in hold_ids]

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far sales is with the events of `source` about `subjects`."""
        return await self._inbox.progress(source, subjects)

    async def last_told(self, after: UUID | None, limit: int) -> Sequence[LastTold]:
        """Every order with the number of its last event, by id from behind `after`."""
        async with self._database.reading() as reading:
            return await repository.last_told(reading, after or UUID(int=0), min(limit, MOST_TOLD))
