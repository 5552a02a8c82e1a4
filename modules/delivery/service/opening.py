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
        rows = [{"order_id": order.order_id, "hold_id": order.hold_id} for order in orders]
        opened = await repository.open_fulfilments(transaction, rows)
        new = {ShipmentId(new_id()): order for order in orders if order.order_id in opened}
        if not new:
            return
        now = self._clock.now()
        await repository.insert_shipments(
            transaction,
            [
                {"id": id_, "order_id": order.order_id, "part": 1, "ship_to": order.ship_to, "opened_at": now}
                for id_, order in new.items()
            ],
            [
                {"shipment_id": id_, "sku": line.sku, "quantity": line.quantity}
                for id_, order in new.items()
                for line in order.lines
            ],
        )
        await repository.insert_transitions(
            transaction,
            [{"shipment_id": id_, "sequence": 1, "to_status": "pending", "actor": "sales", "at": now} for id_ in new],
        )
        await self._outbox.record(
            transaction,
            [
                NewEvent(
                    order.order_id,
                    1,
                    ShipmentOpened(order.order_id, order.hold_id, id_, 1, order.lines, now),
                    order.traceparent,
                )
                for id_, order in new.items()
            ],
        )
