"""All modules in one process, wired by the container; nothing runs but what the test has run."""

from collections.abc import Mapping, Sequence
from typing import Any

from dependency_injector import providers

from app.bus import Consumer
from app.container import Container
from app.doctor.invariants import Facts, judge
from app.settings import Settings
from modules.delivery.port import ShipmentView, ShippedLine, StatusReport
from modules.kernel.database import Database, Transaction, sql
from modules.kernel.events import Event, Progress, source_of
from modules.kernel.idempotency import Answered
from modules.kernel.ids import ClientId, OrderId, ShipmentId, new_id
from modules.kernel.inbox import Handler, Inbox
from modules.product.port import NewProduct
from modules.sales.port import OrderView
from modules.sales.service import Placed, PlaceOrder
from tests.integration.events.sending import both

TABLES: Mapping[str, Sequence[str]] = {  # those that refer to others first
    "sales": ("order_line", "order_transition", "order_shipment", '"order"', "hold_decision", "outbox", "relay_lease"),
    "delivery": (
        "carrier_update",
        "shipment_transition",
        "shipment_line",
        "shipment",
        "fulfilment",
        "outbox",
        "relay_lease",
    ),
    "product": ("hold_line", "hold", "stock_movement", "stock", "product"),
}
EMITTERS = ("sales", "delivery")
INBOX = ("inbox_cursor", "inbox_parked", "idempotency", "audit")
RECORDED = "SELECT FROM outbox WHERE state = 'recorded' LIMIT 1"
MANY = 10_000
CUSTOMER = ClientId("customer")
SHIP_TO = {"name": "Maria Anders", "line1": "Obere Str. 57", "city": "Berlin", "country": "DE"}


def settings() -> Settings:
    """Settings of a process that hosts everything; its databases are handed in."""
    return Settings(
        databases={module: f"postgresql://nobody@nowhere/{module}" for module in ("auth", *TABLES)},
        tokens={"issuer": "http://127.0.0.1:3000"},
        secrets={"pepper": "p" * 43, "key_encryption_key": "k" * 43},
    )


class Whole:
    """The whole system but for its HTTP."""

    def __init__(self, databases: Mapping[str, Database]) -> None:
        self.databases = databases
        self._unbroken: dict[str, Mapping[str, Handler]] = {}
        self.container = Container(settings=settings())
        for module, database in databases.items():
            getattr(self.container, f"{module}_database").override(providers.Object(database))

    def inbox(self, module: str) -> Inbox:
        inbox: Inbox = getattr(self.container, f"{module}_inbox")()
        return inbox

    # what happens

    async def stock(self, **on_hand: int) -> None:
        rows = [NewProduct(sku, sku.title(), 100, "EUR", quantity) for sku, quantity in on_hand.items()]
        await self.container.catalogue().import_products("test", rows)

    async def place(self, key: str, **quantities: int) -> OrderId:
        request = PlaceOrder(CUSTOMER, key, key, tuple(quantities.items()), SHIP_TO)
        placed: Placed = await self.container.place_order()(request)
        return placed.order.id

    async def report(self, order_id: OrderId, *statuses: str) -> None:
        """Have the carrier report steps of an order's first parcel."""
        await self.report_part(order_id, 1, *statuses)

    async def shipment(self, order_id: OrderId, part: int = 1) -> ShipmentId:
        """The shipment that is a part of an order."""
        statement = "SELECT id FROM shipment WHERE order_id = :id AND part = :part"
        (row,) = await self.rows("delivery", statement, id=order_id, part=part)
        return ShipmentId(row.id)

    async def report_part(self, order_id: OrderId, part: int, *statuses: str) -> None:
        """Have the carrier report steps of a part of an order."""
        id_ = await self.shipment(order_id, part)
        for status in statuses:
            await self.container.delivery().report("carrier", id_, StatusReport(status))

    async def split(self, order_id: OrderId, part: int = 1, key: str | None = None, /, **quantities: int) -> int:
        """Have the warehouse put these of a part into a new one; its number."""
        lines = [ShippedLine(sku, quantity) for sku, quantity in quantities.items()]
        id_ = await self.shipment(order_id, part)
        new: ShipmentView = await self.container.delivery().split("warehouse", id_, lines, key or str(new_id()))
        return new.part

    async def status(self, order_id: OrderId) -> str:
        """Where an order is."""
        order: OrderView = await self.container.orders().one(order_id)
        return order.status

    async def faults(self) -> list[str]:
        """What the doctor finds wrong between the modules."""
        orders, shipments = (
            await self.container.orders().facts(None, MANY),
            await self.container.delivery().facts(None, MANY),
        )
        catalogue = self.container.catalogue()
        facts = Facts(orders, shipments, await catalogue.facts(None, MANY), await catalogue.verify_stock())
        return [fault for finding in judge(facts) for fault in finding.faults]

    async def cancel(self, order_id: OrderId, reason: str | None = None) -> str:
        """Have the customer ask for an order not to leave; its status then."""
        answered: Answered[OrderView] = await self.container.orders().cancel_own(CUSTOMER, order_id, reason, None)
        return answered.answer.status

    async def relay(self, *emitters: str) -> None:
        """Have relays, or all of them, publish what is recorded and ask what became of the rest."""
        for module in emitters or EMITTERS:
            await both(getattr(self.container, f"{module}_relay")())

    async def deliver(self) -> None:
        """Have every consumer handle all that waits for it."""
        for consumer in self.consumers():
            while not await consumer.inbox.at_end(""):
                await consumer.turn()

    async def come_to_rest(self) -> None:
        """Have everything that was recorded published, handled and asked about, and what follows from it too."""
        while any([await self.rows(module, RECORDED) for module in EMITTERS]):
            await self.relay()
            await self.deliver()
        await self.relay()

    def consumers(self) -> Sequence[Consumer]:
        consumers: Sequence[Consumer] = self.container.consumers()
        return consumers

    async def try_again(self, module: str) -> None:
        """Have the pauses of what a module has parked be over, and what is due taken up."""
        await self.do(module, "UPDATE inbox_parked SET next_at = clock_timestamp()")
        for key in await self.inbox(module).due():
            await self.inbox(module).take_up(key)

    def break_handler(self, module: str, type_: str) -> None:
        """Have a module fail to handle a type of event."""
        inbox = self.inbox(module)
        self._unbroken[module] = inbox._handlers
        inbox._handlers = {**inbox._handlers, type_: _fails}

    def mend(self, module: str) -> None:
        """Have a module handle its events as it should again."""
        inbox = self.inbox(module)
        inbox._handlers = self._unbroken.pop(module, inbox._handlers)

    async def set_back(self, module: str, source: str, order_id: OrderId, sequence: int) -> None:
        """Have a module forget that it had handled more than this."""
        statement = "UPDATE inbox_cursor SET sequence = :to WHERE source = :source AND subject = :id"
        await self.do(module, statement, to=sequence, source=source_of(source), id=order_id)

    async def publish_again(self, emitter: str, sequence: int) -> None:
        """Have an event go out once more."""
        await self.do(emitter, "UPDATE outbox SET state = 'recorded' WHERE sequence = :sequence", sequence=sequence)

    # what is there afterwards

    async def cursor(self, module: str, source: str, order_id: OrderId) -> int | None:
        """How far a module is with an order's events of a source."""
        statement = "SELECT sequence FROM inbox_cursor WHERE source = :source AND subject = :id"
        rows = await self.rows(module, statement, source=source_of(source), id=order_id)
        return rows[0].sequence if rows else None

    async def parked(self, module: str) -> dict[int, str]:
        """What a module has parked, of whatever subject."""
        rows = await self.rows(module, "SELECT sequence, state, attempts FROM inbox_parked ORDER BY sequence")
        return {row.sequence: f"{row.state} {row.attempts}" for row in rows}

    async def progress(self, module: str, source: str, order_id: OrderId) -> Progress:
        """What the module says to the emitter's relay."""
        service = getattr(self.container, module)()
        progress: Progress = await service.progress(source_of(source), [order_id])
        return progress

    async def outgoing(self, emitter: str) -> dict[int, str]:
        """The state of each event that an emitter has recorded, of whatever subject."""
        rows = await self.rows(emitter, "SELECT sequence, state FROM outbox ORDER BY id")
        return {row.sequence: row.state for row in rows}

    async def unsettled(self) -> int:
        """How many events some subscriber has not handled yet, as far as their emitters know."""
        statement = "SELECT FROM outbox WHERE state <> 'settled'"
        return sum([len(await self.rows(module, statement)) for module in EMITTERS])

    async def rows(self, module: str, statement: str, **values: Any) -> Sequence[Any]:
        async with self.databases[module].reading() as reading:
            return await reading.fetch(sql(statement), **values)

    async def do(self, module: str, statement: str, **values: Any) -> int:
        async with self.databases[module].transaction() as transaction:
            return await transaction.execute(sql(statement), **values)


async def _fails(_transaction: Transaction, _events: Sequence[Event]) -> None:
    raise ValueError("broken")
