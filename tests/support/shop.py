"""Sales and product on two real databases, with the parts that a sabotage may exchange."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import orjson

from app.calls import policed
from modules.delivery.port import ShipmentCancelled, ShipmentStatusUpdated, ShippedLine
from modules.kernel.clock import SystemClock
from modules.kernel.database import Database, sql
from modules.kernel.errors import WaybillError
from modules.kernel.events import Event, source_of
from modules.kernel.ids import HoldId, OrderId, ShipmentId, new_id, order_id_for
from modules.kernel.inbox import Handler, Inbox
from modules.kernel.outbox import Outbox
from modules.product import consumer as product_consumer
from modules.product.port import NewProduct, ProductPort
from modules.product.service import Catalogue, ProductService, Sweeper
from modules.sales.port import SalesPort
from modules.sales.service import Placed, PlaceOrder, Placing, SalesService
from tests.support.interleaving import until_waiting
from tests.support.orders import CUSTOMER, Outcome

_T = TypeVar("_T")


@dataclass
class Parts:
    """What a shop is made of; a sabotage puts a worse one in its place."""

    placing: type[Placing] = Placing
    product: type[ProductService] = ProductService
    sales: type[SalesService] = SalesService
    sweeper: type[Sweeper] = Sweeper
    product_handlers: Callable[[], Mapping[str, Handler]] = product_consumer.handlers


class Shop:
    """Where orders are placed in tests. Every hold is due for settling at once: no clock protects anything."""

    def __init__(self, sales: Database, product: Database) -> None:
        self.sales_database = sales
        self.product_database = product
        self.parts = Parts()
        self.catalogue = Catalogue(product)
        self.acknowledged: dict[OrderId, str] = {}  # order -> fingerprint, as some request was told
        self.spoiled = False
        self._begun: list[asyncio.Task[Any]] = []
        self._delivered: dict[OrderId, int] = {}

    @property
    def inbox(self) -> Inbox:
        return Inbox(self.product_database, self.parts.product_handlers())

    def product_service(self, database: Database | None = None, ttl: timedelta = timedelta()) -> ProductService:
        return self.parts.product(database or self.product_database, self.inbox, hold_ttl=ttl)

    def product(self, database: Database | None = None) -> ProductPort:
        service = self.product_service(database)
        return policed(ProductPort, service, "product", strict=True)  # type: ignore[type-abstract]  # read for its methods

    def sales_service(self, database: Database | None = None) -> SalesService:
        own = database or self.sales_database
        return self.parts.sales(own, Inbox(own, {}))

    def sales(self, database: Database | None = None) -> SalesPort:
        service = self.sales_service(database)
        return policed(SalesPort, service, "sales", strict=True)  # type: ignore[type-abstract]  # read for its methods

    def placing(self, product: ProductPort | None = None, database: Database | None = None) -> Placing:
        own = database or self.sales_database
        return self.parts.placing(own, Outbox(own), product or self.product(), SystemClock())

    async def stock(self, currency: str = "EUR", price: int = 100, /, **on_hand: int) -> None:
        """Fill the shelves."""
        rows = [NewProduct(sku, sku.title(), price, currency, quantity) for sku, quantity in on_hand.items()]
        await self.catalogue.import_products("test", rows)

    async def place(
        self, request: PlaceOrder, product: ProductPort | None = None, database: Database | None = None
    ) -> Outcome:
        """Place one order; what is raised is an outcome too."""
        return (await self.place_batch([request], product, database))[0]

    async def place_batch(
        self, requests: Sequence[PlaceOrder], product: ProductPort | None = None, database: Database | None = None
    ) -> Sequence[Outcome]:
        """Place orders in one batch."""
        outcomes: Sequence[Placed | WaybillError]
        try:
            outcomes = await self.placing(product, database).place_orders(requests)
        except Exception as error:  # noqa: BLE001  # the test says which outcome is right
            return [error] * len(requests)
        for request, outcome in zip(requests, outcomes, strict=True):
            if isinstance(outcome, Placed):
                self.acknowledged[outcome.order.id] = request.fingerprint
        return outcomes

    async def sweep(self, sales: SalesPort | None = None) -> None:
        """Have product settle what is due."""
        await self.parts.sweeper(self.product_database, self.product_service(), sales or self.sales()).sweep()

    async def created(self, key: str) -> None:
        """Have `order.created` reach product."""
        order_id = order_id_for(CUSTOMER, key)
        taken = await Outbox(self.sales_database).take(1000)
        await self.inbox.handle([event for event in taken if event.subject == order_id])

    async def dispatched(self, key: str) -> None:
        """Have all of an order leave, and product hear of it."""
        order_id, hold_id, lines = await self._parcel(key)
        news = ShipmentStatusUpdated(
            order_id=order_id,
            hold_id=hold_id,
            shipment_id=ShipmentId(new_id()),
            part=1,
            from_="packed",
            to="dispatched",
            lines=lines,
            at=datetime.now(UTC),
        )
        await self._tell(order_id, news)

    async def cancelled(self, key: str) -> None:
        """Have all of an order stay here after all, and product hear of it."""
        order_id, hold_id, lines = await self._parcel(key)
        await self._tell(
            order_id, ShipmentCancelled(order_id, hold_id, ShipmentId(new_id()), 1, lines, datetime.now(UTC))
        )

    async def _parcel(self, key: str) -> tuple[OrderId, HoldId, tuple[ShippedLine, ...]]:
        hold_id = await self.hold_of(key)
        lines = await self.rows(
            self.product_database, "SELECT sku, quantity FROM hold_line WHERE hold_id = :hold_id", hold_id=hold_id
        )
        return order_id_for(CUSTOMER, key), hold_id, tuple(ShippedLine(line.sku, line.quantity) for line in lines)

    async def _tell(self, order_id: OrderId, news: ShipmentStatusUpdated | ShipmentCancelled) -> None:
        number = self._delivered[order_id] = self._delivered.get(order_id, 0) + 1
        data, now = orjson.loads(orjson.dumps(news)), datetime.now(UTC)
        await self.inbox.handle([Event(new_id(), source_of("delivery"), news.TYPE, order_id, number, now, data)])

    def begin(self, work: Coroutine[Any, Any, _T]) -> asyncio.Task[_T]:
        """Have something happen meanwhile, in a context of its own: nothing of the test's is open in it."""
        task = asyncio.get_running_loop().create_task(work, context=Context())
        self._begun.append(task)
        return task

    async def end(self) -> None:
        """Stop what is still under way."""
        for task in self._begun:
            task.cancel()
        await asyncio.gather(*self._begun, return_exceptions=True)

    async def product_waits(self, unless: asyncio.Task[Any] | None = None) -> None:
        """Until somebody waits for a lock in product's database, or `unless` has ended."""
        await until_waiting(self.product_database, unless=unless)

    async def sales_waits(self, unless: asyncio.Task[Any] | None = None) -> None:
        """Until somebody waits for a lock in sales' database, or `unless` has ended."""
        await until_waiting(self.sales_database, unless=unless)

    async def rows(self, database: Database, statement: str, **values: Any) -> Sequence[Any]:
        async with database.reading() as reading:
            return await reading.fetch(sql(statement), **values)

    async def alter(self, database: Database, statement: str) -> None:
        """Change the schema; nobody uses these databases afterwards."""
        self.spoiled = True
        async with database.transaction() as transaction:
            await transaction.execute(sql(statement))

    async def alter_rows(self, statement: str) -> None:
        """Change rows of product behind its back."""
        async with self.product_database.transaction() as transaction:
            await transaction.execute(sql(statement))

    async def holds(self) -> dict[UUID, str]:
        """The state of every hold, in the order they were made."""
        found = await self.rows(self.product_database, "SELECT hold_id, state FROM hold ORDER BY hold_id")
        return {row.hold_id: row.state for row in found}

    async def only_hold(self) -> HoldId:
        """The one hold that is open."""
        (hold_id,) = [hold_id for hold_id, state in (await self.holds()).items() if state != "closed"]
        return HoldId(hold_id)

    async def hold_of(self, key: str) -> HoldId:
        """The hold that an order was stored under."""
        order_id = order_id_for(CUSTOMER, key)
        (row,) = await self.rows(self.sales_database, 'SELECT hold_id FROM "order" WHERE id = :id', id=order_id)
        return HoldId(row.hold_id)

    async def orders(self) -> int:
        """How many orders are stored."""
        return len(await self.rows(self.sales_database, 'SELECT id FROM "order"'))

    async def counters(self, sku: str) -> tuple[int, int]:
        """What is on hand, and what of it is held."""
        (view,) = await self.catalogue.stock([sku])
        return view.on_hand, view.held

    async def decisions(self) -> dict[UUID, UUID | None]:
        """What each hold was decided to be."""
        found = await self.rows(self.sales_database, "SELECT hold_id, order_id FROM hold_decision")
        return {row.hold_id: row.order_id for row in found}
