"""Stock that comes in, is counted or corrected: what open orders hold stays held, also where it is missing."""

from collections.abc import Mapping

from modules.kernel.database import Database, Transaction
from modules.kernel.idempotency import Answered, Once, Repeatable
from modules.kernel.ids import new_id
from modules.product import repository
from modules.product.model import StockRow, too_few
from modules.product.port import BelowHeld, MovementKeyReused, NoSuchProduct, StockChange, StockView
from modules.product.repository import Movement

ORDERS_NAMED = 3  # in the sentence; the details name more


class Counting:
    """Changes stock by movements."""

    def __init__(self, database: Database) -> None:
        self._once: Once[StockView] = Once(database, StockView)

    async def move(
        self, actor: str, sku: str, change: StockChange, request: Repeatable | None = None
    ) -> Answered[StockView]:
        """Receive, count or correct: once per key of the change, and of the request where it has one.

        A forced count below what is held is booked as it was counted, with another movement for what is missing.

        Raises:
            NoSuchProduct: there is no such SKU.
            BelowHeld: it would leave less than is held, and is not forced.
            MovementKeyReused: the key has made another change.
        """
        return await self._once(request, lambda transaction: _move(transaction, actor, sku, change))


async def count_all(transaction: Transaction, actor: str, counts: Mapping[str, int]) -> None:
    """Set what there is of many products to what was counted.

    Raises:
        BelowHeld: a count is below what is held; nothing of it all must be done.
    """
    run = new_id()
    stock = await repository.lock_stock(transaction, sorted(counts))
    for sku, counted in counts.items():
        if too_few(stock[sku], "count", counted):
            raise await _below_held(transaction, stock[sku], counted)
    movements = [
        Movement(f"import:{run}:{sku}", sku, "count", counted, on_hand_change=counted - stock[sku].there)
        for sku, counted in counts.items()
        if counted != stock[sku].there
    ]
    await repository.book(transaction, movements, actor)


async def _move(transaction: Transaction, actor: str, sku: str, change: StockChange) -> StockView:
    key = f"operator:{change.key}"
    row = (await repository.lock_stock(transaction, [sku])).get(sku)
    if row is None:
        raise NoSuchProduct(sku=sku)
    earlier = (await repository.movements(transaction, [key])).get(key)
    if earlier is not None:
        if (earlier.sku, earlier.kind, earlier.quantity) != (sku, change.kind, change.quantity):
            raise MovementKeyReused(key=change.key)
        return stock_view(row)
    there = change.quantity if change.kind == "count" else row.there + change.quantity
    if too_few(row, change.kind, there) and not change.force:
        raise await _below_held(transaction, row, there)
    after = row.with_there(there)
    moved = Movement(key, sku, change.kind, change.quantity, on_hand_change=there - row.there, reason=change.reason)
    if not await repository.book(transaction, [moved, *_missing(row, after, change)], actor):
        raise MovementKeyReused(key=change.key)  # meanwhile, for another SKU
    return stock_view(after)


def _missing(row: StockRow, after: StockRow, change: StockChange) -> list[Movement]:
    """What is missing beyond what was missing before."""
    more = after.shortage - row.shortage
    return [Movement(f"shortage:{change.key}", row.sku, "shortage", more, reason=change.reason)] if more > 0 else []


async def _below_held(transaction: Transaction, row: StockRow, there: int) -> BelowHeld:
    orders = [str(order) for order in await repository.holding_orders(transaction, row.sku)]
    named = ", ".join(orders[:ORDERS_NAMED]) + (" and others" if len(orders) > ORDERS_NAMED else "")
    return BelowHeld(
        f"{row.held} of {row.sku} are held for open orders ({named}): {there} is too few.",
        sku=row.sku,
        held=row.held,
        orders=orders,
    )


def stock_view(row: StockRow) -> StockView:
    """How much there is of a product."""
    return StockView(row.sku, row.on_hand, row.held, row.on_hand - row.held, row.shortage)
