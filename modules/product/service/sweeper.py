"""Holds that nobody confirmed in time: sales decides what they were, once and for ever."""

from modules.kernel.database import Database
from modules.product import repository
from modules.product.service.holds import ProductService
from modules.sales.port import SalesPort, Settlement


class Sweeper:
    """Gives back what no order will ever use. No clock decides: a hold's expiry only makes it ask."""

    def __init__(self, database: Database, service: ProductService, sales: SalesPort) -> None:
        self._database = database
        self._service = service
        self._sales = sales

    async def sweep(self, limit: int = 500) -> int:
        """Settle holds that are due; answers how many. What sales gives no answer for stays held.

        Raises:
            Unavailable: sales, or the database, gives no answer: nothing was given back.
        """
        async with self._database.reading() as reading:
            due = await repository.to_settle(reading, limit)
        if not due:
            return 0
        settled = dict(zip(due, await self._sales.settle(due), strict=True))
        stored = [hold_id for hold_id, word in settled.items() if word is Settlement.STORED]
        void = [hold_id for hold_id, word in settled.items() if word is Settlement.VOID]
        if stored:
            async with self._database.transaction() as transaction:
                await self._service.confirm(transaction, stored)
        if void:
            await self._service.release(void)
        return len(due)
