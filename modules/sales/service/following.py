"""Following the parcels: what delivery tells moves the order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from modules.kernel.database import Transaction
from modules.sales import repository
from modules.sales.model import next_status


@dataclass(frozen=True, slots=True)
class ParcelNews:
    """A parcel of an order is now in `status`."""

    order_id: UUID
    shipment_id: UUID
    part: int
    status: str
    at: datetime
    lines: tuple[Mapping[str, Any], ...]
    carrier: str | None = None
    tracking_code: str | None = None
    reason: str | None = None


async def follow(transaction: Transaction, news: Sequence[ParcelNews], tell: Callable[[Iterable[UUID]], None]) -> None:
    """Remember how far parcels are, each of another order, and take the step that this makes of their orders."""
    by_order = {one.order_id: one for one in news}
    orders = await repository.lock_orders(transaction, list(by_order))
    known = [one for one in news if one.order_id in orders]
    if not known:
        return
    await repository.upsert_shipments(transaction, [_shipment_row(one) for one in known])
    parts = await repository.parts(transaction, list(orders))
    steps = {order_id: next_status(order.status, parts[order_id]) for order_id, order in orders.items()}
    moved = {order_id: status for order_id, status in steps.items() if status is not None}
    await repository.change(
        transaction,
        [{"id": one.order_id, "status": steps[one.order_id], "at": one.at} for one in known],
    )
    if moved:
        last = await repository.last_steps(transaction, list(moved))
        await repository.insert_transitions(
            transaction,
            [
                {
                    "order_id": order_id,
                    "sequence": last[order_id] + 1,
                    "from_status": orders[order_id].status,
                    "to_status": status,
                    "reason": by_order[order_id].reason,
                    "actor": "delivery",
                    "at": by_order[order_id].at,
                }
                for order_id, status in moved.items()
            ],
        )
    changed = frozenset(orders)
    transaction.after_commit(lambda: tell(changed))


def _shipment_row(one: ParcelNews) -> dict[str, Any]:
    return {
        "order_id": one.order_id,
        "part": one.part,
        "shipment_id": one.shipment_id,
        "status": one.status,
        "carrier": one.carrier,
        "tracking_code": one.tracking_code,
        "lines": one.lines,
    }
