"""How stored orders are shown."""

from collections.abc import Sequence
from typing import Any

from modules.kernel.mailroom import TraceStep
from modules.kernel.money import Money
from modules.sales.port import OrderLineView, OrderView, ShipmentView, TransitionView


def order_view(row: Any) -> OrderView:
    """An order as its customer sees it."""
    currency = row.currency
    return OrderView(
        id=row.id,
        status=row.status,
        reference=row.reference,
        lines=tuple(
            OrderLineView(
                sku=line["sku"],
                name=line["name"],
                quantity=line["quantity"],
                unit_price=Money(line["unit_price"], currency),
                total=Money(line["quantity"] * line["unit_price"], currency),
            )
            for line in row.lines
        ),
        total=Money(row.total, currency),
        ship_to=row.ship_to,
        shipments=tuple(
            ShipmentView(
                id=one["shipment_id"],
                part=one["part"],
                status=one["status"],
                carrier=one["carrier"],
                tracking_code=one["tracking_code"],
                lines=tuple(one["lines"]),
            )
            for one in row.shipments or ()
        ),
        placed_at=row.placed_at,
        updated_at=row.updated_at,
        version=row.version,
        metadata=row.metadata,
    )


def transition_view(row: Any) -> TransitionView:
    """A step of an order's history."""
    return TransitionView(
        sequence=row.sequence,
        from_=row.from_status,
        to=row.to_status,
        at=row.at,
        reason=row.reason,
        actor=row.actor,
    )


def traced_order(row: Any, steps: Sequence[Any]) -> Sequence[TraceStep]:
    """An order, where there is one, and its steps, as those who look for its way see them."""
    if row is None:
        return []
    hold = {"hold_id": str(row.hold_id), "client_id": row.client_id}
    return [
        TraceStep(one.at, "order", _told(one), {"sequence": one.sequence, "actor": one.actor} | hold) for one in steps
    ]


def _told(step: Any) -> str:
    moved = f"{step.from_status} → {step.to_status}" if step.from_status else f"{step.to_status}, by {step.actor}"
    return f"{moved}: {step.reason}" if step.reason else moved
