"""The tables of delivery."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
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

from modules.kernel.tables import audit_table, idempotency_table, inbox_tables, memory_table, outbox_tables

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
        Index("shipment_tracked", "tracking_code", postgresql_where=text("tracking_code IS NOT NULL")),
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
    """A step that a shipment took; the first has no `from_status`. `key` makes a report count once.

    `restock` says of a return whether the goods are fit to be sold again.
    """

    __tablename__ = "shipment_transition"

    shipment_id: UUID = Field(primary_key=True, foreign_key="shipment.id")
    sequence: int = Field(primary_key=True)
    from_status: str | None = None
    to_status: str
    note: str | None = None
    actor: str
    at: datetime = Field(sa_type=INSTANT)
    key: str | None = None
    restock: bool | None = None
    fingerprint: str | None = None

    __table_args__ = (
        UniqueConstraint("shipment_id", "key", name="shipment_transition_once"),
        ForeignKeyConstraint(
            ["from_status", "to_status"],
            ["shipment_step.from_status", "shipment_step.to_status"],
            name="shipment_legal_step",
        ),
        CheckConstraint("(sequence = 1) = (from_status IS NULL)", name="shipment_first_step"),
        CheckConstraint("sequence > 1 OR to_status = 'pending'", name="shipment_begins_pending"),
        CheckConstraint("restock IS NULL OR to_status = 'returned'", name="shipment_restock_on_return"),
    )


class CarrierUpdate(DeliveryTable, table=True):
    """What a carrier pushed, once per message of its own. Bound: 45 days; a shipment has a few that wait at most.

    `outcome` says what it came to: it was applied, it waits for steps that come before it, it was past, or impossible.
    """

    __tablename__ = "carrier_update"

    carrier: str = Field(primary_key=True)
    message_id: str = Field(primary_key=True)
    fingerprint: str
    secret_version: int
    shipment_id: UUID = Field(foreign_key="shipment.id")
    status: str
    at: datetime = Field(sa_type=INSTANT)
    note: str | None = None
    tracking_code: str | None = None
    restock: bool | None = None
    outcome: str
    received_at: datetime = Field(sa_type=INSTANT)

    __table_args__ = (
        CheckConstraint("outcome IN ('applied', 'waiting', 'past', 'impossible')", name="carrier_update_outcome"),
        Index("carrier_update_waiting", "shipment_id", postgresql_where=text("outcome = 'waiting'")),
        Index("carrier_update_received", "received_at"),
    )


metadata = DeliveryTable.metadata
outbox_tables(metadata)
inbox_tables(metadata)
memory_table(metadata)
idempotency_table(metadata)
audit_table(metadata)
