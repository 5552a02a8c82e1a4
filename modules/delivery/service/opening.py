"""Opening shipments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modules.delivery import repository
from modules.delivery.port import (
    ShipmentOpened,
    ShippedLine,
)
from modules.kernel.clock import Clock
from modules.kernel.database import Transaction
from modules.kernel.events import NewEvent
from modules.kernel.ids import HoldId, OrderId, ShipmentId, new_id
from modules.kernel.outbox import Outbox


@dataclass(frozen=True, slots=True)
class OrderToShip:
    """What delivery needs to know of an order."""

    order_id: OrderId
    hold_id: HoldId
    ship_to: Mapping[str, object]
    lines: tuple[ShippedLine, ...]
    traceparent: str | None


class Opening:
    """Opens a shipment for each order that has none."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def open_shipments(self, transaction: Transaction, orders: Sequence[OrderToShip]) -> None:
        """Open part 1 of each order, once; an order that has its shipment keeps it."""
        now = self._clock.now()
        shipments = {order.order_id: ShipmentId(new_id()) for order in orders}
        opened = await repository.open_shipments(
            transaction,
            [
                {
                    "order_id": order.order_id,
                    "hold_id": order.hold_id,
                    "shipment_id": shipments[order.order_id],
                    "ship_to": order.ship_to,
                    "opened_at": now,
                }
                for order in orders
            ],
            [
                {"shipment_id": shipments[order.order_id], "sku": line.sku, "quantity": line.quantity}
                for order in orders
                for line in order.lines
            ],
        )
        await self._outbox.record(
            transaction,
            [
                NewEvent(
                    order.order_id,
                    1,
                    ShipmentOpened(order.order_id, order.hold_id, shipments[order.order_id], 1, order.lines, now),
                    order.traceparent,
                )
                for order in orders
                if order.order_id in opened
            ],
        )
