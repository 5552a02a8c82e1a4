"""How stored shipments are shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from modules.delivery.model import Taken
from modules.delivery.port import ShipmentTransitionView, ShipmentView, ShippedLine
from modules.kernel.mailroom import TraceStep


def shipment_view(row: Any) -> ShipmentView:
    """A shipment with what is in it, and its history."""
    return ShipmentView(
        id=row.id,
        order_id=row.order_id,
        part=row.part,
        status=row.status,
        carrier=row.carrier,
        tracking_code=row.tracking_code,
        lines=shipped_lines(row.lines),
        ship_to=row.ship_to,
        history=tuple(
            ShipmentTransitionView(
                sequence=step["sequence"],
                from_=step["from_status"],
                to=step["to_status"],
                at=datetime.fromisoformat(step["at"]),
                note=step["note"],
                actor=step["actor"],
                restock=step["restock"],
            )
            for step in row.history
        ),
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        version=row.version,
    )


def taken_steps(row: Any) -> list[Taken]:
    """The steps that a shipment has taken."""
    return [Taken(step["to_status"], datetime.fromisoformat(step["at"]), step["actor"]) for step in row.history]


def shipped_lines(lines: Sequence[Mapping[str, Any]]) -> tuple[ShippedLine, ...]:
    """What is in a parcel, as events and answers tell it."""
    return tuple(ShippedLine(line["sku"], line["quantity"]) for line in lines)


def traced_shipment(shipment: ShipmentView) -> Sequence[TraceStep]:
    """The steps of a parcel, as those who look for an order's way see them."""
    facts = {"shipment_id": str(shipment.id), "part": shipment.part}
    return [
        TraceStep(
            step.at,
            "parcel",
            f"part {shipment.part} {f'{step.from_} → ' if step.from_ else ''}{step.to}, by {step.actor}",
            facts | {"sequence": step.sequence, "actor": step.actor},
        )
        for step in shipment.history
    ]
