"""What delivery does when sales says that something happened."""

from collections.abc import Mapping, Sequence

from modules.delivery.port import ShippedLine
from modules.delivery.service import DeliveryService, Opening, OrderToShip, OrderToStop, Stopping
from modules.kernel.database import Transaction
from modules.kernel.events import Event, payload
from modules.kernel.inbox import Handler
from modules.sales.port import OrderCancelRequested, OrderCreated

SOURCES = DeliveryService.FOLLOWS


def handlers(opening: Opening, stopping: Stopping) -> Mapping[str, Handler]:
    """What is done per type of event; every other type only moves the cursor."""

    async def open_shipments(transaction: Transaction, events: Sequence[Event]) -> None:
        await opening.open_shipments(transaction, [_order(event) for event in events])

    async def cancel(transaction: Transaction, events: Sequence[Event]) -> None:
        await stopping.stop(transaction, [_to_stop(event) for event in events])

    return {OrderCreated.TYPE: open_shipments, OrderCancelRequested.TYPE: cancel}


def _to_stop(event: Event) -> OrderToStop:
    asked = payload(event, OrderCancelRequested)
    return OrderToStop(asked.order_id, asked.reason, event.traceparent)


def _order(event: Event) -> OrderToShip:
    created = payload(event, OrderCreated)
    return OrderToShip(
        order_id=created.order_id,
        hold_id=created.hold_id,
        ship_to=created.ship_to,
        lines=tuple(ShippedLine(line.sku, line.quantity) for line in created.lines),
        traceparent=event.traceparent,
    )
