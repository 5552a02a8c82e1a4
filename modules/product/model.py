"""The catalogue and its stock: who gets what when there is not enough, and what a movement does."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text
from sqlalchemy.orm import registry
from sqlmodel import BigInteger, CheckConstraint, DateTime, Field, Index, SQLModel

from modules.kernel.audit import audit_table
from modules.kernel.idempotency import idempotency_table
from modules.kernel.inbox import inbox_tables
from modules.kernel.memory import memory_table
from modules.kernel.outbox import outbox_tables
from modules.product.port import Line

HOLD_STEPS: Mapping[str, tuple[str, ...]] = {"held": ("confirmed", "closed"), "confirmed": ("closed",), "closed": ()}
"""Every state of a hold, and the steps from it. A hold begins held, and is closed when nothing of it is held any more."""


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


@dataclass(frozen=True, slots=True)
class Terms:
    """What a product is called, what it costs, and whether it is sold."""

    name: str
    unit_price: int
    currency: str
    active: bool

    def shown(self) -> dict[str, object]:
        """The terms as they are told of a change."""
        price = {"amount": self.unit_price, "currency": self.currency}
        return {"name": self.name, "unit_price": price, "active": self.active}


@dataclass(frozen=True, slots=True)
class StockRow:
    """A locked stock row with what the catalogue says of its product."""

    sku: str
    name: str
    unit_price: int
    currency: str
    active: bool
    on_hand: int
    held: int
    shortage: int = 0

    @property
    def there(self) -> int:
        """What is in the warehouse: of what is held, a shortage is not."""
        return self.on_hand - self.shortage

    def with_there(self, there: int) -> "StockRow":
        """The row when so much is in the warehouse; what is held stays held, and is missing where there is less."""
        return replace(self, on_hand=max(there, self.held), shortage=max(0, self.held - there))


def too_few(row: StockRow, kind: str, there: int) -> bool:
    """Whether a change of stock leaves less `there` than open orders hold. What comes in never does."""
    return there < row.held and (kind == "count" or there < row.there)


def terms(present: Terms | None, name: str, unit_price: int, currency: str, *, active: bool | None = None) -> Terms:
    """What a product becomes. Where nothing is said of `active`, a new one is sold, and the present one stays as it is."""
    if active is None:
        active = True if present is None else present.active
    return Terms(name, unit_price, currency, active)


def differs(present: int | None, version: int | None, *, new: bool) -> bool:
    """Whether a product's `present` version (none where it does not exist) is not the one that is to be changed."""
    if new:
        return present is not None
    return version is not None and version != present


def change(before: Terms | None, after: Terms) -> tuple[str, dict[str, object]]:
    """How a change is called in the audit, and the members that differ, before and after."""
    if before is None:
        return "add", {"before": None, "after": after.shown()}
    old, new = before.shown(), after.shown()
    names = [name for name in old if old[name] != new[name]]
    told: dict[str, object] = {
        "before": {name: old[name] for name in names},
        "after": {name: new[name] for name in names},
    }
    if before.active != after.active:
        return "sell_again" if after.active else "retire", told
    return "change", told


def holds_before(state: str) -> tuple[str, ...]:
    """The states from which a hold may come to be `state`."""
    return tuple(before for before, steps in HOLD_STEPS.items() if state in steps)


def demand(lines: Sequence[Line]) -> dict[str, int]:
    """How many of each SKU a basket asks for, in the order asked: the same SKU twice is added up."""
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return wanted


def fingerprint(wanted: Mapping[str, int]) -> str:
    """What makes two holds of an order the same: SKUs and quantities, in whatever order."""
    return hashlib.sha256(orjson.dumps(sorted(wanted.items()))).hexdigest()


def refusal(wanted: Mapping[str, int], stock: Mapping[str, StockRow], taken: Mapping[str, int]) -> str | None:
    """Why a basket can't be had, beside what others of the batch have `taken`: all its lines, or none."""
    if any(sku not in stock or not stock[sku].active for sku in wanted):
        return "product.unknown_sku"
    if any(left(stock[sku], taken) < quantity for sku, quantity in wanted.items()):
        return "product.out_of_stock"
    return None


def left(row: StockRow, taken: Mapping[str, int]) -> int:
    """What is there for one more basket."""
    return row.on_hand - row.held - taken.get(row.sku, 0)
