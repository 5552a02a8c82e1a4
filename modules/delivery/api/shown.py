"""How shipments are shown, and called, over HTTP."""

from collections.abc import Mapping
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, Field

from modules.delivery.port import NoSuchShipment, ShipmentTransitionView, ShipmentView, ShippedLine
from modules.kernel.ids import OrderId, ShipmentId


class ShipmentStep(BaseModel):
    """One step of a shipment; `sequence` counts from 1 without a gap, and the first comes from nowhere."""

    sequence: int
    from_: Annotated[str | None, Field(alias="from")]
    to: str
    at: AwareDatetime
    note: str | None
    actor: str
    restock: bool | None
    """Of a return: whether the goods are fit to be sold again."""


class ShipmentShown(BaseModel):
    """A shipment: part `part` of its order, what is in it, where it goes, and every step that it took."""

    id: ShipmentId
    order_id: OrderId
    part: int
    status: str
    carrier: str | None
    tracking_code: str | None
    lines: list[ShippedLine]
    ship_to: Mapping[str, object]
    history: list[ShipmentStep]
    opened_at: AwareDatetime
    updated_at: AwareDatetime
    version: int


def shown(shipment: ShipmentView) -> dict[str, object]:
    """A shipment as it is answered."""
    return {
        "id": shipment.id,
        "order_id": shipment.order_id,
        "part": shipment.part,
        "status": shipment.status,
        "carrier": shipment.carrier,
        "tracking_code": shipment.tracking_code,
        "lines": shipment.lines,
        "ship_to": shipment.ship_to,
        "history": [_step(step) for step in shipment.history],
        "opened_at": shipment.opened_at,
        "updated_at": shipment.updated_at,
        "version": shipment.version,
    }


def _step(step: ShipmentTransitionView) -> dict[str, object]:
    return {
        "sequence": step.sequence,
        "from": step.from_,
        "to": step.to,
        "at": step.at,
        "note": step.note,
        "actor": step.actor,
        "restock": step.restock,
    }


def shipment_id_of(text: str) -> ShipmentId:
    """The shipment that a path names.

    Raises:
        NoSuchShipment: it is no id.
    """
    try:
        return ShipmentId(UUID(text))
    except ValueError:
        raise NoSuchShipment("There is no such shipment.") from None
