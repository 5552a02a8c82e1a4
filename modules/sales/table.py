"""The tables of the sales database."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import registry
from sqlmodel import (
    JSON,
    BigInteger,
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


class SalesTable(SQLModel, registry=registry()):
    """Tables of the sales database. All of them grow with the business only, but for outbox and inbox."""


class Order(SalesTable, table=True):
    """What a customer asked for. `event_sequence` numbers its events, `version` its changes."""

    id: UUID = Field(primary_key=True)
    client_id: str
    idempotency_key: str | None = None
    fingerprint: str
    hold_id: UUID
    status: str
    currency: str
    total: int = Field(sa_type=BigInteger)
    ship_to: dict[str, Any] = Field(sa_column=Column(JSON, nullable=False))
    reference: str | None = None
    # not an attribute named `metadata`: that is SQLAlchemy's
    notes: dict[str, str] = Field(sa_column=Column("metadata", JSON, nullable=False))
    version: int
    event_sequence: int
    placed_at: datetime = Field(sa_type=INSTANT)
    updated_at: datetime = Field(sa_type=INSTANT)

    __table_args__ = (
        UniqueConstraint("client_id", "idempotency_key", name="order_one_per_key"),
        UniqueConstraint("hold_id", name="order_one_per_hold"),
        CheckConstraint("total >= 0", name="order_total"),
        Index("order_of_client", "client_id", "placed_at", "id"),
        Index("order_placed", "placed_at", "id"),
        Index(
            "order_of_reference",
            "client_id",
            "reference",
            "placed_at",
            "id",
            postgresql_where=text("reference IS NOT NULL"),
        ),
    )


class OrderLine(SalesTable, table=True):
    """A line at the price and under the name that it was ordered at."""

    __tablename__ = "order_line"

    order_id: UUID = Field(primary_key=True, foreign_key="order.id")
    position: int = Field(primary_key=True)
    sku: str
    name: str
    quantity: int
    unit_price: int = Field(sa_type=BigInteger)

    __table_args__ = (CheckConstraint("quantity >= 1 AND unit_price >= 0", name="order_line_bounds"),)


class OrderShipment(SalesTable, table=True):
    """A parcel of an order, as delivery told it."""

    __tablename__ = "order_shipment"

    order_id: UUID = Field(primary_key=True, foreign_key="order.id")
    part: int = Field(primary_key=True)
    shipment_id: UUID
    status: str
    carrier: str | None = None
    tracking_code: str | None = None
    lines: list[dict[str, Any]] = Field(sa_column=Column(JSON, nullable=False))


class OrderStep(SalesTable, table=True):
    """The legal steps of an order, as rows: a transition refers to one, so the database refuses all others."""

    __tablename__ = "order_step"

    from_status: str = Field(primary_key=True)
    to_status: str = Field(primary_key=True)


class OrderTransition(SalesTable, table=True):
    """A step that an order took; the first has no `from_status`."""

    __tablename__ = "order_transition"

    order_id: UUID = Field(primary_key=True, foreign_key="order.id")
    sequence: int = Field(primary_key=True)
    from_status: str | None = None
    to_status: str
    reason: str | None = None
    actor: str
    at: datetime = Field(sa_type=INSTANT)

    __table_args__ = (
        ForeignKeyConstraint(
            ["from_status", "to_status"], ["order_step.from_status", "order_step.to_status"], name="order_legal_step"
        ),
        CheckConstraint("(sequence = 1) = (from_status IS NULL)", name="order_first_step"),
        CheckConstraint("sequence > 1 OR to_status = 'placed'", name="order_begins_placed"),
    )


class HoldDecision(SalesTable, table=True):
    """What a hold became, for ever: this order, or void where there is none. Kept for 30 days at least."""

    __tablename__ = "hold_decision"

    hold_id: UUID = Field(primary_key=True)
    order_id: UUID | None = None
    decided_at: datetime = Field(sa_type=INSTANT, sa_column_kwargs={"server_default": text("now()")})


metadata = SalesTable.metadata
outbox_tables(metadata)
inbox_tables(metadata)
memory_table(metadata)
idempotency_table(metadata)
audit_table(metadata)
