"""The catalogue and its stock: who gets what when there is not enough, and what a movement does."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from modules.product.port import Line

HOLD_STEPS: Mapping[str, tuple[str, ...]] = {"held": ("confirmed", "closed"), "confirmed": ("closed",), "closed": ()}
"""Every state of a hold, and the steps from it. A hold begins held, and is closed when nothing of it is held any more."""


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
