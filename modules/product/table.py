"""The tables of the product database."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import registry
from sqlmodel import (
    BigInteger,
    CheckConstraint,
    DateTime,
    Field,
    Index,
    SQLModel,
)

from modules.kernel.tables import audit_table, idempotency_table, inbox_tables, memory_table, outbox_tables
from modules.product.model import HOLD_STEPS


class ProductTable(SQLModel, registry=registry()):
    """Tables of the product database."""


class Product(ProductTable, table=True):
    """Something that can be sold. Grows with the catalogue."""

    sku: str = Field(primary_key=True)
    name: str
    unit_price: int = Field(sa_type=BigInteger)
    currency: str
    active: bool = Field(default=True, sa_column_kwargs={"server_default": text("true")})
    version: int = Field(default=1, sa_column_kwargs={"server_default": text("1")})

    __table_args__ = (
        CheckConstraint("unit_price BETWEEN 0 AND 1000000000000", name="product_unit_price"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="product_currency"),
        Index("product_prefix", "sku", postgresql_ops={"sku": "text_pattern_ops"}),
    )


class Stock(ProductTable, table=True):
    """How much of a product there is, and how much of that is spoken for. One row a product.

    `shortage` of what is held is not there: it was counted, and is missing. As long as it is, nothing more can be held.
    Source: docs/adr/0017-a-shortage-is-held-and-missing.md
    """

    sku: str = Field(primary_key=True, foreign_key="product.sku")
    on_hand: int = Field(default=0, sa_type=BigInteger)
    held: int = Field(default=0, sa_type=BigInteger)
    shortage: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})

    __table_args__ = (
        CheckConstraint("0 <= held AND held <= on_hand", name="stock_never_oversold"),
        CheckConstraint("shortage = 0 OR (0 < shortage AND on_hand = held)", name="stock_short_of_what_is_held"),
    )


class StockMovement(ProductTable, table=True):
    """The truth about stock: what changed it, once per key. Append-only; grows with the business."""

    __tablename__ = "stock_movement"

    key: str = Field(primary_key=True)
    sku: str = Field(foreign_key="stock.sku")
    kind: str
    quantity: int = Field(sa_type=BigInteger)
    on_hand_change: int = Field(sa_type=BigInteger)
    held_change: int = Field(sa_type=BigInteger)
    hold_id: UUID | None = None
    reason: str | None = None
    actor: str
    at: datetime = Field(
        sa_type=DateTime(timezone=True), sa_column_kwargs={"server_default": text("clock_timestamp()")}
    )

    __table_args__ = (
        CheckConstraint(
            "kind IN ('receipt', 'count', 'correction', 'hold', 'release', 'ship', 'return', 'write_off', 'shortage')",
            name="stock_movement_kind",
        ),
        Index("stock_movement_sku", "sku"),
    )


class Hold(ProductTable, table=True):
    """What is set aside for an order: held until sales decides, confirmed until it has left, then closed."""

    hold_id: UUID = Field(primary_key=True)
    order_id: UUID
    state: str
    fingerprint: str
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))

    __table_args__ = (
        CheckConstraint(f"state IN {tuple(HOLD_STEPS)}", name="hold_state"),
        Index("hold_one_open_per_order", "order_id", unique=True, postgresql_where=text("state <> 'closed'")),
        Index("hold_to_settle", "expires_at", postgresql_where=text("state = 'held'")),
    )


class HoldLine(ProductTable, table=True):
    """One SKU of a hold, at the price it had then; what is neither shipped nor released is still held."""

    __tablename__ = "hold_line"

    hold_id: UUID = Field(primary_key=True, foreign_key="hold.hold_id")
    sku: str = Field(primary_key=True)
    quantity: int
    shipped: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    released: int = Field(default=0, sa_column_kwargs={"server_default": text("0")})
    unit_price: int = Field(sa_type=BigInteger)
    currency: str

    __table_args__ = (
        CheckConstraint(
            "shipped >= 0 AND released >= 0 AND shipped + released <= quantity", name="hold_line_accounted_once"
        ),
    )


metadata = ProductTable.metadata
outbox_tables(metadata)
inbox_tables(metadata)
memory_table(metadata)
idempotency_table(metadata)
audit_table(metadata)
