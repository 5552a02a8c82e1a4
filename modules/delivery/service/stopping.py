"""Stopping what has not left."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from modules.delivery import repository
from modules.delivery.model import STOPPABLE
from modules.delivery.port import CancelRefused, ShipmentCancelled
from modules.delivery.service.views import shipped_lines
from modules.kernel.clock import Clock
from modules.kernel.database import Transaction
from modules.kernel.events import NewEvent
from modules.kernel.ids import OrderId
from modules.kernel.outbox import Outbox


@dataclass(frozen=True, slots=True)
class OrderToStop:
    """An order of which nothing is to leave any more."""

    order_id: OrderId
    reason: str | None
    traceparent: str | None


class Stopping:
    """Decides between who cancels and who hands over: whoever locks the order's row first."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def stop(self, transaction: Transaction, orders: Sequence[OrderToStop]) -> None:
        """Cancel the parts of each order that have not left, and say so; of one that left, say that it did."""
        fulfilments = await repository.lock_fulfilments(transaction, [order.order_id for order in orders])
        parts = await repository.parts(transaction, list(fulfilments))
        asked = {order.order_id: order for order in orders if order.order_id in fulfilments}
        now = self._clock.now()
        stopped = [part for order_id in asked for part in parts.get(order_id, ()) if part.status in STOPPABLE]
        await repository.cancel(transaction, [part.id for part in stopped], now)
        await repository.wait_no_more(transaction, [part.id for part in stopped])
        await repository.insert_transitions(
            transaction,
            [
                {
                    "shipment_id": part.id,
                    "sequence": part.steps + 1,
                    "from_status": part.status,
                    "to_status": "cancelled",
                    "note": asked[part.order_id].reason,
                    "actor": "sales",
                    "at": now,
                }
                for part in stopped
            ],
        )
        for order_id, order in asked.items():
            told = self._told(fulfilments[order_id], order, parts.get(order_id, ()), now)
            await self._tell(transaction, fulfilments[order_id], told, order.traceparent)

    @staticmethod
    def _told(fulfilment: Any, order: OrderToStop, parts: Sequence[Any], now: Any) -> list[Any]:
        ids = {"order_id": order.order_id, "hold_id": fulfilment.hold_id, "at": now}
        told: list[Any] = [
            ShipmentCancelled(
                shipment_id=part.id, part=part.part, lines=shipped_lines(part.lines), reason=order.reason, **ids
            )
            for part in parts
            if part.status in STOPPABLE
        ]
        left = [part for part in parts if part.status not in STOPPABLE | {"cancelled"}]
        if left:
            named = ", ".join(f"part {part.part} is {part.status}" for part in left)
            told.append(CancelRefused(parts=tuple(part.part for part in left), reason=f"Too late: {named}.", **ids))
        return told

    async def _tell(self, transaction: Transaction, fulfilment: Any, told: Sequence[Any], trace: str | None) -> None:
        first = fulfilment.event_sequence + 1
        await repository.count_events(transaction, fulfilment.order_id, len(told))
        await self._outbox.record(
            transaction,
            [NewEvent(fulfilment.order_id, first + place, event, trace) for place, event in enumerate(told)],
        )
