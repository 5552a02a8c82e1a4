"""Following the parcels: what delivery tells moves the order."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from modules.kernel.database import Transaction
from modules.sales import repository
from modules.sales.model import resumed, steps_to

Tell = Callable[[Iterable[UUID]], None]


@dataclass(frozen=True, slots=True)
class ParcelNews:
    """A parcel of an order is now in `status`, with these lines in it."""

    order_id: UUID
    shipment_id: UUID
    part: int
    status: str
    at: datetime
    lines: tuple[Mapping[str, Any], ...]
    carrier: str | None = None
    tracking_code: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Delivery did not cancel all of an order."""

    order_id: UUID
    at: datetime
    reason: str


async def follow(transaction: Transaction, news: Sequence[ParcelNews], tell: Tell) -> None:
    """Remember how far parcels are and what is in them, and take the steps that this makes of their orders."""
    orders = await repository.lock_orders(transaction, [one.order_id for one in news])
    known = {one.order_id: one for one in news if one.order_id in orders}
    if not known:
        return
    rows = [_shipment_row(one) for one in news if one.order_id in known]
    parts = await repository.upsert_shipments(transaction, rows)
    steps = {id_: steps_to(orders[id_].status, parts[id_]) for id_ in known}
    await _take(transaction, orders, known, steps)
    transaction.after_commit(lambda: tell(known))


async def resume(transaction: Transaction, refusals: Sequence[Refusal], tell: Tell) -> None:
    """Have orders that were to be cancelled go on, each from where it was, and as far as its parcels are by now."""
    orders = await repository.lock_orders(transaction, [one.order_id for one in refusals])
    waiting = {one.order_id: one for one in refusals if one.order_id in orders}
    waiting = {id_: one for id_, one in waiting.items() if orders[id_].status == "cancelling"}
    if not waiting:
        return
    before = await repository.before_cancelling(transaction, list(waiting))
    parts = await repository.parts(transaction, list(waiting))
    steps = {id_: resumed(before[id_], parts.get(id_, ())) for id_ in waiting}
    await _take(transaction, orders, waiting, steps)
    transaction.after_commit(lambda: tell(waiting))


async def _take(
    transaction: Transaction,
    orders: Mapping[UUID, Any],
    causes: Mapping[UUID, ParcelNews | Refusal],
    steps: Mapping[UUID, tuple[str, ...]],
) -> None:
    """Give orders a new version and take their steps, each of them written down."""
    changes = [
        {"id": id_, "status": steps[id_][-1] if steps[id_] else None, "at": one.at} for id_, one in causes.items()
    ]
    await repository.change(
        transaction,
        changes,
        [
            {
                "order_id": id_,
                "number": number,
                "from_status": from_,
                "to_status": to,
                "reason": causes[id_].reason,
                "actor": "delivery",
                "at": causes[id_].at,
            }
            for id_ in causes
            for number, (from_, to) in enumerate(zip((orders[id_].status, *steps[id_]), steps[id_], strict=False), 1)
        ],
    )


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
