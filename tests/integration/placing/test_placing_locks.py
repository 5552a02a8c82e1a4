"""All locks are taken in one order, so nobody waits in a circle. The other party is played by hand."""

from collections.abc import Awaitable
from typing import Any, TypeVar
from uuid import UUID

from modules.kernel.database import Statement, Transaction, sql
from modules.kernel.errors import Contended
from modules.kernel.ids import HoldId, OrderId, new_id
from modules.product.port import AvailabilityRequest, Line
from modules.sales.port import Settlement
from tests.support.interleaving import UnsteadyDatabase
from tests.support.orders import order, told
from tests.support.shop import Shop

_T = TypeVar("_T")

STOCK = sql("SELECT FROM stock WHERE sku = :sku FOR UPDATE")
HOLD = sql("SELECT FROM hold WHERE hold_id = :hold_id FOR UPDATE")
CIRCLE = "two transactions waited in a circle"
DECISION = sql("INSERT INTO hold_decision (hold_id) VALUES (:hold_id)")


def basket(order_id: UUID, *skus: str) -> AvailabilityRequest:
    return AvailabilityRequest(tuple(Line(sku, 1) for sku in skus), OrderId(order_id), hold=True)


async def at_once(transaction: Transaction, statement: Statement, **values: Any) -> None:
    """Take what nobody has who waits for us."""
    try:
        await transaction.execute(statement, **values)
    except Contended:
        raise AssertionError(CIRCLE) from None


async def unhindered(work: Awaitable[_T]) -> _T:
    """The answer of whoever waited for us."""
    try:
        answer = await work
    except Contended:
        raise AssertionError(CIRCLE) from None
    return answer


async def test_a_hold_locks_stock_in_the_order_of_skus_however_they_are_asked_for(shop: Shop) -> None:
    await shop.stock(BOLT=1, NUT=1)
    async with shop.product_database.transaction() as other:
        await other.execute(STOCK, sku="BOLT")
        holding = shop.begin(shop.place(order("k", NUT=1, BOLT=1), shop.product_service()))
        await shop.product_waits()
        await at_once(other, STOCK, sku="NUT")
    assert told(await holding) == "placed", CIRCLE


async def test_a_hold_waits_for_holds_being_released_before_it_locks_any_stock(shop: Shop) -> None:
    """The batch repeats an order whose hold is being released, and has a new one of the same SKU."""
    await shop.stock(BOLT=5)
    service = shop.product_service()
    repeated = basket(new_id(), "BOLT")
    (first,) = await service.availability([repeated])
    async with shop.product_database.transaction() as releasing:
        await releasing.execute(HOLD, hold_id=first.hold_id)
        asking = shop.begin(service.availability([basket(new_id(), "BOLT"), repeated]))
        await shop.product_waits()
        await at_once(releasing, STOCK, sku="BOLT")
    assert [answer.available for answer in await unhindered(asking)] == [True, True]


async def test_holds_are_confirmed_in_the_order_of_their_ids_wherever_they_are_stored(shop: Shop) -> None:
    """Rows are written in the order of order ids, ids of holds are given in the order of the requests."""
    await shop.stock(BOLT=2)
    batch = [order(key, BOLT=1) for key in ("a", "b")]
    await shop.place_batch(sorted(batch, key=lambda one: one.order_id, reverse=True))
    low, high = [HoldId(hold_id) for hold_id in await shop.holds()]
    async with shop.product_database.transaction() as other:
        await other.execute(HOLD, hold_id=low)
        confirming = shop.begin(confirmed(shop, [high, low]))
        await shop.product_waits()
        await at_once(other, HOLD, hold_id=high)
    await unhindered(confirming)
    assert list((await shop.holds()).values()) == ["confirmed", "confirmed"]


async def confirmed(shop: Shop, hold_ids: list[HoldId]) -> None:
    async with shop.product_database.transaction() as transaction:
        await shop.product_service().confirm(transaction, hold_ids)


async def test_decisions_are_written_in_the_order_of_hold_ids_however_they_are_asked_for(shop: Shop) -> None:
    low, high = sorted(HoldId(new_id()) for _ in range(2))
    async with shop.sales_database.transaction() as other:
        await other.execute(DECISION, hold_id=low)
        settling = shop.begin(shop.sales_service().settle([high, low]))
        await shop.sales_waits()
        await at_once(other, DECISION, hold_id=high)
    assert await unhindered(settling) == [Settlement.VOID, Settlement.VOID]


async def test_a_batch_stores_decisions_in_the_order_of_hold_ids_while_the_sweeper_settles_the_same(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=2)
    batch = [order("a", BOLT=1), order("b", BOLT=1)]
    await shop.place_batch(batch, database=UnsteadyDatabase(shop.sales_database, fails=True))
    low, high = await shop.holds()
    async with shop.sales_database.transaction() as other:
        await other.execute(DECISION, hold_id=low)
        placing = shop.begin(shop.place_batch(list(reversed(batch))))
        await shop.sales_waits()
        await at_once(other, DECISION, hold_id=high)
    assert [told(one) for one in await placing] == ["placed", "placed"]
