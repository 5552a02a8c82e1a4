"""What is in the catalogue, and who changed it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from modules.kernel import audit
from modules.kernel.database import Database, Transaction
from modules.kernel.errors import PreconditionFailed
from modules.kernel.idempotency import Answered, Once, Repeatable
from modules.kernel.money import Money
from modules.product import repository
from modules.product.model import Terms, change, differs, terms
from modules.product.port import NewProduct, NoSuchProduct, ProductChange, ProductView, ProductWanted


@dataclass(frozen=True, slots=True)
class ProductPut:
    """A product as it is now, and whether it was new."""

    product: ProductView
    created: bool


class Products:
    """Changes the catalogue: every change moves the version, and is written down with who made it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._put: Once[ProductPut] = Once(database, ProductPut)
        self._retire: Once[ProductView] = Once(database, ProductView)

    async def put(
        self, actor: str, sku: str, wanted: ProductWanted, request: Repeatable | None = None
    ) -> Answered[ProductPut]:
        """Add a product or change it, once per key.

        Raises:
            PreconditionFailed: it is not the version that was to be changed, or is there, or is not.
        """
        return await self._put(request, lambda transaction: _put(transaction, actor, sku, wanted))

    async def retire(
        self, actor: str, sku: str, version: int | None = None, request: Repeatable | None = None
    ) -> Answered[ProductView]:
        """Sell a product no more, once per key; one that is retired stays as it is, whatever `version` was seen.

        Raises:
            NoSuchProduct: there is none of that SKU.
            PreconditionFailed: it is sold, and another version than the one that was seen.
        """

        async def retired(transaction: Transaction) -> ProductView:
            row = await _locked(transaction, sku)
            if row is None:
                raise NoSuchProduct(sku=sku)
            if not row.active:
                return product_view(row)
            if differs(row.version, version, new=False):
                raise _stale(row)
            return await _changed(transaction, actor, row, replace(_terms(row), active=False))

        return await self._retire(request, retired)

    async def changes(self, sku: str | None, limit: int, before: int | None) -> Sequence[ProductChange]:
        """Who changed what, of one SKU where it is named, the newest first, from behind the id `before`."""
        async with self._database.reading() as reading:
            found = await audit.changes(reading, limit, sku, before)
        return [_change(one) for one in found]


async def import_rows(transaction: Transaction, actor: str, rows: Sequence[NewProduct]) -> None:
    """Add products or change them, many at a time. What is retired stays so: a list of prices does not know why."""
    wanted = {row.sku: row for row in rows}
    new = {sku: terms(None, row.name, row.unit_price, row.currency) for sku, row in wanted.items()}
    added = await repository.add_products(transaction, new)
    standing = await repository.lock_products(transaction, sorted(wanted.keys() - added))
    before = {sku: _terms(row) for sku, row in standing.items()}
    after = {
        sku: terms(present, wanted[sku].name, wanted[sku].unit_price, wanted[sku].currency)
        for sku, present in before.items()
    }
    changed = {sku: one for sku, one in after.items() if one != before[sku]}
    await repository.change_products(transaction, changed)
    told = {sku: change(None, new[sku]) for sku in sorted(added)}
    told |= {sku: change(before[sku], one) for sku, one in changed.items()}
    await audit.note_all(transaction, actor, [(action, sku, details) for sku, (action, details) in told.items()])


async def _put(transaction: Transaction, actor: str, sku: str, wanted: ProductWanted) -> ProductPut:
    row = await _locked(transaction, sku)
    if row is None:
        if differs(None, wanted.version, new=wanted.new):
            raise PreconditionFailed(f"There is no product {sku}.", version=None)
        after = _wanted(None, wanted)
        if await repository.add_products(transaction, {sku: after}):
            await _note(transaction, actor, sku, None, after)
            return ProductPut(ProductView(sku, after.name, _price(after), after.active, 1), created=True)
        row = await _locked(transaction, sku)  # somebody has added it meanwhile
    if row is None:
        raise RuntimeError(f"{sku} was neither added nor found")
    if differs(row.version, wanted.version, new=wanted.new):
        raise _stale(row)
    return ProductPut(await _changed(transaction, actor, row, _wanted(_terms(row), wanted)), created=False)


async def _changed(transaction: Transaction, actor: str, row: Any, after: Terms) -> ProductView:
    """The product under other terms, as its next version; under the same it stays as it is."""
    before = _terms(row)
    if after == before:
        return product_view(row)
    await repository.change_products(transaction, {row.sku: after})
    await _note(transaction, actor, row.sku, before, after)
    return ProductView(row.sku, after.name, _price(after), after.active, row.version + 1)


async def _note(transaction: Transaction, actor: str, sku: str, before: Terms | None, after: Terms) -> None:
    action, details = change(before, after)
    await audit.note(transaction, actor, action, sku, details)


async def _locked(transaction: Transaction, sku: str) -> Any | None:
    return (await repository.lock_products(transaction, [sku])).get(sku)


def product_view(row: Any) -> ProductView:
    """What the catalogue says of a product."""
    return ProductView(row.sku, row.name, Money(row.unit_price, row.currency), row.active, row.version)


def _terms(row: Any) -> Terms:
    return Terms(row.name, row.unit_price, row.currency, row.active)


def _wanted(present: Terms | None, wanted: ProductWanted) -> Terms:
    return terms(present, wanted.name, wanted.unit_price, wanted.currency, active=wanted.active)


def _price(of: Terms) -> Money:
    return Money(of.unit_price, of.currency)


def _stale(row: Any) -> PreconditionFailed:
    return PreconditionFailed(f"{row.sku} is at version {row.version}: read it again.", version=row.version)


def _change(one: audit.Change) -> ProductChange:
    details: Mapping[str, Any] = one.details
    return ProductChange(one.id, one.at, one.actor, one.action, one.subject, details["before"], details["after"])
