"""What sales answers to other modules."""

from collections.abc import Sequence
from uuid import UUID

from modules.kernel.database import Database
from modules.kernel.events import Progress
from modules.kernel.ids import HoldId
from modules.kernel.inbox import Inbox
from modules.sales import repository
from modules.sales.port import Settlement


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
