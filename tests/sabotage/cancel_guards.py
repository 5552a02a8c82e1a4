"""What decides between cancelling and handing over, and gives stock back once, taken away."""

import pytest

from modules.delivery import repository
from modules.kernel.ids import new_id
from modules.product.service import shipping
from modules.product.service.shipping import Parcel
from modules.sales import repository as sales_repository
from tests.integration.events.test_cancelling import (
    test_dispatch_locked_first_cancel_waits_and_is_refused,
    test_of_two_who_cancel_at_once_the_second_waits_and_asks_for_nothing_more,
    test_told_twice_that_a_parcel_is_cancelled_product_gives_its_stock_back_once,
)
from tests.integration.events.whole import Whole
from tests.sabotage.guards import Guard, guard, without
from tests.sabotage.part_guards import numbers

CANCELLING: list[Guard[Whole]] = []


@guard(
    CANCELLING,
    "P1",
    "whoever cancels locks an order's row in delivery",
    test=test_dispatch_locked_first_cancel_waits_and_is_refused,
    red="a parcel left of an order that was cancelled",
    beside=[numbers],
)
async def row_lock(_whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """Rows are read without `FOR UPDATE`."""
    patch.setattr(repository, "LOCK_FULFILMENTS", without(repository.LOCK_FULFILMENTS, "FOR UPDATE"))


@guard(
    CANCELLING,
    "P6",
    "the lock on an order's row in sales",
    test=test_of_two_who_cancel_at_once_the_second_waits_and_asks_for_nothing_more,
    red="who cancels second is told ConstraintViolated",
)
async def sales_row_lock(_whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """It is read without `FOR UPDATE`: two number the same step and the same event, and the keys of both refuse one."""
    patch.setattr(sales_repository, "LOCK_ORDERS", without(sales_repository.LOCK_ORDERS, "FOR UPDATE"))


@guard(
    CANCELLING,
    "P3",
    "the key of what a cancelled parcel gives back (shipment, SKU, kind)",
    test=test_told_twice_that_a_parcel_is_cancelled_product_gives_its_stock_back_once,
    red="stock was given back twice",
)
async def natural_key(_whole: Whole, patch: pytest.MonkeyPatch) -> None:
    """Each movement gets a key of its own, whatever it is about."""

    def fresh(kind: str, parcel: Parcel, sku: str) -> str:
        return f"{kind}:{parcel.shipment_id}:{sku}:{new_id()}"

    patch.setattr(shipping, "_key", fresh)
