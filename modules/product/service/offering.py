"""What customers can buy, for many who look at once."""

from collections.abc import Sequence
from typing import Any

from modules.kernel.database import Transaction
from modules.kernel.money import Money
from modules.product import repository
from modules.product.port import CatalogueItem, CatalogueRequest


async def offered(reading: Transaction, requests: Sequence[CatalogueRequest]) -> Sequence[tuple[CatalogueItem, ...]]:
    """What can be bought of what each asks for, in SKU order: a statement for all SKUs, and one for all pages."""
    named = {sku for request in requests for sku in request.skus}
    pages = {
        place: {"prefix": request.prefix, "after": request.after, "most": request.limit}
        for place, request in enumerate(requests)
        if not request.skus
    }
    rows = await repository.offered(reading, sorted(named)) if named else {}
    listed = await repository.offered_pages(reading, pages) if pages else {}
    return [
        tuple(
            _item(row)
            for row in (listed[place] if place in pages else [rows[sku] for sku in sorted(rows.keys() & request.skus)])
        )
        for place, request in enumerate(requests)
    ]


def _item(row: Any) -> CatalogueItem:
    return CatalogueItem(row.sku, row.name, Money(row.unit_price, row.currency), row.in_stock)
