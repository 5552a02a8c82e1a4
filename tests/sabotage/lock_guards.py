"""The one order in which locks are taken, taken away: two transactions wait for each other."""

from collections.abc import Sequence

import pytest

from modules.kernel.database import Transaction
from modules.product import repository
from modules.product.port import Availability, AvailabilityRequest
from modules.product.service import ProductService
from modules.sales import repository as sales
from tests.integration.placing.test_placing_locks import (
    test_a_hold_locks_stock_in_the_order_of_skus_however_they_are_asked_for,
    test_a_hold_waits_for_holds_being_released_before_it_locks_any_stock,
    test_decisions_are_written_in_the_order_of_hold_ids_however_they_are_asked_for,
    test_holds_are_confirmed_in_the_order_of_their_ids_wherever_they_are_stored,
)
from tests.sabotage.guards import Guard, guard, without
from tests.support.shop import Shop

LOCKS: list[Guard[Shop]] = []

Asked = Sequence[tuple[int, AvailabilityRequest]]


@guard(
    LOCKS,
    "P6",
    "stock is locked in the order of SKUs",
    test=test_a_hold_locks_stock_in_the_order_of_skus_however_they_are_asked_for,
    red="waited in a circle",
)
async def stock_in_order(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """It is locked in the opposite order."""
    patch.setattr(repository, "LOCK_STOCK", without(repository.LOCK_STOCK, "ORDER BY s.sku", "ORDER BY s.sku DESC"))


@guard(
    LOCKS,
    "P6",
    "holds are confirmed in the order of their ids",
    test=test_holds_are_confirmed_in_the_order_of_their_ids_wherever_they_are_stored,
    red="waited in a circle",
)
async def confirmed_in_order(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """They are confirmed in the opposite order."""
    patch.setattr(repository, "CONFIRM", without(repository.CONFIRM, "ORDER BY hold_id", "ORDER BY hold_id DESC"))


class LocksStockFirst(ProductService):
    async def _hold(self, transaction: Transaction, asked: Asked) -> dict[int, Availability]:
        await repository.lock_stock(transaction, sorted({line.sku for _, one in asked for line in one.lines}))
        return await super()._hold(transaction, asked)


@guard(
    LOCKS,
    "P6",
    "holds are locked before stock",
    test=test_a_hold_waits_for_holds_being_released_before_it_locks_any_stock,
    red="waited in a circle",
)
async def holds_first(shop: Shop, _patch: pytest.MonkeyPatch) -> None:
    """A batch locks all its stock before it looks at holds."""
    shop.parts.product = LocksStockFirst


@guard(
    LOCKS,
    "P6",
    "decisions are written in the order of hold ids",
    test=test_decisions_are_written_in_the_order_of_hold_ids_however_they_are_asked_for,
    red="waited in a circle",
)
async def decided_in_order(_shop: Shop, patch: pytest.MonkeyPatch) -> None:
    """They are written in the opposite order."""
    patch.setattr(sales, "DECIDE", without(sales.DECIDE, "ORDER BY hold_id", "ORDER BY hold_id DESC"))
