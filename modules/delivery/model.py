"""Shipments: what is on its way, and the steps that it may take."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import registry
from sqlmodel import (
    JSON,
    CheckConstraint,
    Column,
    DateTime,
    Field,
    ForeignKeyConstraint,
    Index,
    SQLModel,
    UniqueConstraint,
)

from modules.kernel.audit import audit_table
from modules.kernel.idempotency import idempotency_table
from modules.kernel.inbox import inbox_tables
from modules.kernel.memory import memory_table
from modules.kernel.outbox import outbox_tables

INSTANT = DateTime(timezone=True)


class DeliveryTable(SQLModel, registry=registry()):
    """Tables of the delivery database. All of them grow with the business only, but for outbox and inbox."""


class Fulfilment(DeliveryTable, table=True):
    """One row an order: it is locked to change any of the order's shipments, and numbers their events."""

    order_id: UUID = Field(primary_key=True)
    hold_id: UUID
    event_sequence: int


class Shipment(DeliveryTable, table=True):
    """A parcel: part `part` of its order."""

    id: UUID = Field(primary_key=True)
    order_id: UUID = Field(foreign_key="fulfilment.order_id")
    part: int
    status: str
    version: int
    carrier: str | None = None
    tracking_code: str | None = None
    ship_to: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    opened_at: datetime = Field(sa_type=INSTANT)
    updated_at: datetime = Field(sa_type=INSTANT)

    __table_args__ = (
        UniqueConstraint("order_id", "part", name="shipment_one_per_part"),
        Index("shipment_opened", "opened_at", "id"),
    )


class ShipmentLine(DeliveryTable, table=True):
    """What is in a parcel."""

    __tablename__ = "shipment_line"

    shipment_id: UUID = Field(primary_key=True, foreign_key="shipment.id")
    sku: str = Field(primary_key=True)
    quantity: int

    __table_args__ = (CheckConstraint("quantity >= 1", name="shipment_line_quantity"),)


class ShipmentStep(DeliveryTable, table=True):
    """The legal steps of a shipment, as rows: a transition refers to one, so the database refuses all others."""

    __tablename__ = "shipment_step"

    from_status: str = Field(primary_key=True)
    to_status: str = Field(primary_key=True)


class ShipmentTransition(DeliveryTable, table=True):
    """A step that a shipment took; the first has no `from_status`. `key` makes a report count once."""

    __tablename__ = "shipment_transition"

    shipment_id: UUID = Field(primary_key=True, foreign_key="shipment.id")
    sequence: int = Field(primary_key=True)
    from_status: str | None = None
    to_status: str
    note: str | None = None
    actor: str
    at: datetime = Field(sa_type=INSTANT)
    key: str | None = None

    __table_args__ = (
        UniqueConstraint("shipment_id", "key", name="shipment_transition_once"),
        ForeignKeyConstraint(
            ["from_status", "to_status"],
            ["shipment_step.from_status", "shipment_step.to_status"],
            name="shipment_legal_step",
        ),
        CheckConstraint("(sequence = 1) = (from_status IS NULL)", name="shipment_first_step"),
        CheckConstraint("sequence > 1 OR to_status = 'pending'", name="shipment_begins_pending"),
    )


metadata = DeliveryTable.metadata
outbox_tables(metadata)
inbox_tables(metadata)
memory_table(metadata)
idempotency_table(metadata)
audit_table(metadata)

STEPS: Mapping[str, tuple[str, ...]] = {
    "pending": ("packed", "cancelled"),
    "packed": ("dispatched", "cancelled"),
    "dispatched": ("in_transit", "failed"),
    "in_transit": ("delivered", "failed"),
    "failed": ("in_transit", "returned"),
    "delivered": ("returned",),
    "cancelled": (),
    "returned": (),
}
"""Every status of a shipment, and the steps from it. The rows of `shipment_step` are these."""

BROUGHT_BY: Mapping[str, str] = {
    "packed": "warehouse",
    "dispatched": "warehouse",
    "in_transit": "carrier",
    "delivered": "carrier",
    "failed": "carrier",
    "returned": "warehouse",
    "cancelled": "the order",
}
"""Who brings a shipment to each status that a step leads to. Of the warehouse and the carrier, either may report it."""

REPORTED = frozenset(status for status, who in BROUGHT_BY.items() if who != "the order")
"""What a warehouse or a carrier can report. Cancelling is the order's business, not theirs."""

LACKS: Mapping[str, str] = {
    "pending": "It is not packed yet.",
    "packed": "It has not left yet.",
    "dispatched": "It is not in transit yet.",
    "in_transit": "It is still on its way.",
    "failed": "It has to be in transit again first.",
    "delivered": "It was delivered: it can only come back.",
    "cancelled": "It is over: it was cancelled.",
    "returned": "It is over: it came back.",
}
"""Why a shipment in a status is not further than its steps lead."""

ON_ITS_WAY = ("pending", "packed", "dispatched", "in_transit", "delivered")
"""Statuses that a shipment leaves behind, one after the other; only to be in transit may come again."""


STOPPABLE = frozenset(status for status, steps in STEPS.items() if "cancelled" in steps)
"""What has not left: it can still be cancelled."""


def allowed(status: str) -> tuple[str, ...]:
    """The steps that may be reported of a shipment in `status`."""
    return tuple(step for step in STEPS[status] if step in REPORTED)


@dataclass(frozen=True, slots=True)
class ShipmentMove:
    """Where a shipment may go, and who brings it there: the warehouse, the carrier, or the order."""

    to: str
    by: str


@dataclass(frozen=True, slots=True)
class ShipmentBlock:
    """Where a shipment may not go from where it is, and why."""

    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShipmentTransitions:
    """What may happen to a shipment from where it is, and what may not: every status but its own, once."""

    status: str
    allowed: tuple[ShipmentMove, ...]
    blocked: tuple[ShipmentBlock, ...]


def transitions(status: str) -> ShipmentTransitions:
    """What may happen to a shipment in `status`."""
    others = [to for to in STEPS if to != status]
    return ShipmentTransitions(
        status=status,
        allowed=tuple(ShipmentMove(to, BROUGHT_BY[to]) for to in others if to in STEPS[status]),
        blocked=tuple(ShipmentBlock(to, _reason(status, to)) for to in others if to not in STEPS[status]),
    )


def _reason(status: str, to: str) -> str:
    """Why there is no step from one status to another."""
    if to == "cancelled" and STEPS[status]:
        return f"It has left: it is {status}."
    here = "in_transit" if status == "failed" else status
    if here in ON_ITS_WAY and to in ON_ITS_WAY[: ON_ITS_WAY.index(here)]:
        return f"It is past that: it is {status}."
    return LACKS[status]
