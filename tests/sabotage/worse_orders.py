"""Sales and the sweeper as somebody might have written them who did not know better."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from modules.kernel.database import Database, Transaction, sql
from modules.kernel.errors import Unavailable
from modules.kernel.ids import HoldId, OrderId
from modules.product import repository as product
from modules.product.service import Sweeper
from modules.sales import repository as sales
from modules.sales.port import Settlement
from modules.sales.service import Placed, Placing, SalesService
from modules.sales.service.attempt import Attempt
from modules.sales.service.rows import NewOrder
from modules.sales.service.views import order_view

SETTLE_AT_ONCE = sql("""
    WITH decided AS (
        INSERT INTO hold_decision (hold_id) SELECT unnest(CAST(:hold_ids AS uuid[])) ON CONFLICT DO NOTHING)
    SELECT hold_id, order_id FROM hold_decision WHERE hold_id = ANY(:hold_ids)
""")


def words(hold_ids: Sequence[HoldId], decided: Mapping[HoldId, OrderId | None]) -> Sequence[Settlement]:
    return [Settlement.VOID if decided.get(hold_id) is None else Settlement.STORED for hold_id in hold_ids]


class OnlyLooks(SalesService):
    async def settle(self, hold_ids: Sequence[HoldId]) -> Sequence[Settlement]:
        async with self._database.transaction() as transaction:
            return words(hold_ids, await sales.decisions(transaction, hold_ids))


class LooksInTheSameStatement(SalesService):
    async def settle(self, hold_ids: Sequence[HoldId]) -> Sequence[Settlement]:
        async with self._database.transaction() as transaction:
            rows = await transaction.fetch(SETTLE_AT_ONCE, hold_ids=list(hold_ids))
        return words(hold_ids, {row.hold_id: row.order_id for row in rows})


class AnswersBeforeCommit(SalesService):
    async def settle(self, hold_ids: Sequence[HoldId]) -> Sequence[Settlement]:
        answer: Sequence[Settlement] = []
        with suppress(Unavailable):
            async with self._database.transaction() as transaction:
                await sales.decide(transaction, dict.fromkeys(hold_ids))
                answer = words(hold_ids, await sales.decisions(transaction, hold_ids))
        return answer


class GoesByTheClock(Sweeper):
    async def sweep(self, limit: int = 500) -> int:
        async with self._database.reading() as reading:
            due = await product.to_settle(reading, limit)
        await self._service.release(due)
        return len(due)


class NeverSweeps(Sweeper):
    async def sweep(self, limit: int = 500) -> int:  # noqa: ARG002
        return 0


def pruning(database: Database) -> type[Sweeper]:
    """A sweeper after which `database`, sales', forgets what was decided void."""

    class Prunes(Sweeper):
        async def sweep(self, limit: int = 500) -> int:
            settled = await super().sweep(limit)
            async with database.transaction() as transaction:
                await transaction.execute(sql("DELETE FROM hold_decision WHERE order_id IS NULL"))
            return settled

    return Prunes


class ReleasesFirst(Placing):
    async def _give_back(self, hold_ids: Sequence[HoldId]) -> None:
        await self._release(hold_ids)
        await super()._give_back(hold_ids)


class TakesLostForFailed(Placing):
    async def _store(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        try:
            return await super()._store(attempts)
        except Unavailable:
            await self._release([attempt.hold_id for attempt in attempts])
            raise


class AcknowledgesBeforeCommit(Placing):
    async def _insert(self, transaction: Transaction, attempts: Sequence[Attempt]) -> Mapping[OrderId, NewOrder]:
        stored = await super()._insert(transaction, attempts)
        for attempt in attempts:
            if attempt.order_id in stored:
                attempt.outcome = Placed(stored[attempt.order_id].view)
        return stored


class NeverLooksAgain(Placing):
    async def _answer_existing(self, attempts: Iterable[Attempt]) -> None:
        await super()._answer_existing(attempt for attempt in attempts if attempt.refusal is None)


class TakesAnyBody(Placing):
    async def _answer_existing(self, attempts: Iterable[Attempt]) -> None:
        asked = {attempt.order_id: attempt for attempt in attempts}
        async with self._database.reading() as reading:
            found = await sales.orders(reading, list(asked))
        for order_id, row in found.items():
            asked[order_id].outcome = Placed(order_view(row), replayed=True)


class AsksAgainAtOnce(Placing):
    async def _store_anew(self, void: Sequence[Attempt]) -> None:
        await self._hold(void)
        for attempt in await self._store(void):
            attempt.outcome = Unavailable("void again")
