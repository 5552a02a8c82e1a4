"""Catalogue and stock, for the operator."""

from collections.abc import Sequence
from uuid import UUID

from modules.kernel.audit import note
from modules.kernel.database import Database
from modules.kernel.idempotency import Answered, Repeatable
from modules.kernel.ids import HoldId, OrderId
from modules.kernel.mailroom import Arrivals, TraceStep
from modules.product import repository
from modules.product.port import (
    HoldFact,
    MovementView,
    NewProduct,
    NoSuchProduct,
    ProductChange,
    ProductView,
    ProductWanted,
    StockChange,
    StockFault,
    StockView,
)
from modules.product.service.counting import Counting, count_all, stock_view
from modules.product.service.products import ProductPut, Products, import_rows, product_view
from modules.product.service.tracing import traced_hold, traced_movement


class Catalogue(Arrivals):
    """Fulfils `ProductOperatorPort`."""

    FOLLOWS = ("sales", "delivery")

    def __init__(self, database: Database) -> None:
        self._database = database
        self._products = Products(database)
        self._counting = Counting(database)

    async def import_products(self, actor: str, rows: Sequence[NewProduct]) -> int:
        """Add products or change them by SKU, and count their stock where a row says how much there is.

        A retired product stays retired: who took it out of sale had a reason that a list of prices does not know.
        """
        counts = {row.sku: row.on_hand for row in rows if row.on_hand is not None}
        async with self._database.transaction() as transaction:
            await import_rows(transaction, actor, rows)
            await count_all(transaction, actor, counts)
        return len(rows)

    async def products(
        self, after: str | None, limit: int, prefix: str = "", *, active: bool | None = None
    ) -> Sequence[ProductView]:
        """The catalogue by SKU, from behind `after`; with `active` only those that are sold, or only the retired."""
        async with self._database.reading() as reading:
            rows = await repository.products(reading, after or "", prefix, limit, active=active)
        return [product_view(row) for row in rows]

    async def product(self, sku: str) -> ProductView:
        """One product.

        Raises:
            NoSuchProduct: there is none of that SKU.
        """
        async with self._database.reading() as reading:
            row = await repository.product(reading, sku)
        if row is None:
            raise NoSuchProduct(sku=sku)
        return product_view(row)

    async def put_product(self, actor: str, sku: str, wanted: ProductWanted) -> ProductView:
        """Add a product or change it. Raises as `Products.put`."""
        return (await self.put(actor, sku, wanted)).answer.product

    async def put(
        self, actor: str, sku: str, wanted: ProductWanted, request: Repeatable | None = None
    ) -> Answered[ProductPut]:
        """Add a product or change it, once per key. Raises as `Products.put`."""
        return await self._products.put(actor, sku, wanted, request)

    async def retire_product(self, actor: str, sku: str) -> ProductView:
        """Sell a product no more. Raises as `Products.retire`."""
        return (await self.retire(actor, sku)).answer

    async def retire(
        self, actor: str, sku: str, version: int | None = None, request: Repeatable | None = None
    ) -> Answered[ProductView]:
        """Sell a product no more, once per key. Raises as `Products.retire`."""
        return await self._products.retire(actor, sku, version, request)

    async def list_changes(
        self, sku: str | None = None, limit: int = 50, before: int | None = None
    ) -> Sequence[ProductChange]:
        """Who changed what of the catalogue, the newest first."""
        return await self._products.changes(sku, limit, before)

    async def stock(self, skus: Sequence[str]) -> Sequence[StockView]:
        """Stock of the SKUs that exist, in SKU order."""
        async with self._database.reading() as reading:
            rows = await repository.read_stock(reading, skus)
        return [stock_view(rows[sku]) for sku in sorted(rows)]

    async def change_stock(self, actor: str, sku: str, change: StockChange) -> StockView:
        """Receive, count or correct. Raises as `Counting.move`."""
        return (await self.move(actor, sku, change)).answer

    async def move(
        self, actor: str, sku: str, change: StockChange, request: Repeatable | None = None
    ) -> Answered[StockView]:
        """Receive, count or correct, once per key. Raises as `Counting.move`."""
        return await self._counting.move(actor, sku, change, request)

    async def movements(self, sku: str, limit: int = 50, kind: str | None = None) -> Sequence[MovementView]:
        """What has changed the stock of a SKU, the newest first; of one kind where it is named."""
        async with self._database.reading() as reading:
            return [MovementView(*row) for row in await repository.latest_movements(reading, sku, limit, kind)]

    async def verify_stock(self) -> Sequence[StockFault]:
        """Every counter that differs from what movements and open holds add up to."""
        async with self._database.reading() as reading:
            rows = await repository.stock_faults(reading)
        return [StockFault(row.sku, row.what, int(row.counter), int(row.derived)) for row in rows]

    async def recount(self, actor: str, skus: Sequence[str]) -> Sequence[StockView]:
        """Set counters to what movements add up to, where those agree with the open holds; answers what was changed."""
        async with self._database.transaction() as transaction:
            before = await repository.lock_stock(transaction, sorted(set(skus)))
            changed = await repository.recount(transaction, skus)
            for row in changed:
                was, now = (
                    {"on_hand": one.on_hand, "held": one.held, "shortage": one.shortage}
                    for one in (before[row.sku], row)
                )
                await note(transaction, actor, "recount", row.sku, {"before": was, "after": now})
        return [StockView(row.sku, row.on_hand, row.held, row.on_hand - row.held, row.shortage) for row in changed]

    async def facts(self, after: HoldId | None, limit: int) -> Sequence[HoldFact]:
        """Holds by id from behind `after`, as a check across modules needs them."""
        async with self._database.reading() as reading:
            rows = await repository.facts(reading, after or UUID(int=0), limit)
        return [HoldFact(row.id, row.order_id, row.state, row.held, row.expires_at) for row in rows]

    async def trace(self, order_id: OrderId, hold_id: HoldId | None = None) -> Sequence[TraceStep]:
        """What happened to an order here: its hold, what that has moved, and what was heard."""
        async with self._database.reading() as reading:
            holds = await repository.holds_of(reading, order_id, hold_id)
            moved = await repository.movements_of(reading, [row.hold_id for row in holds])
        return [*map(traced_hold, holds), *map(traced_movement, moved), *await self.heard(order_id)]
