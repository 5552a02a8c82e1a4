"""The modules as the container wires them, one of which is new to a system that has been at work for long."""

from collections.abc import AsyncIterator, Sequence

import pytest

from app.process import _neighbours
from modules.kernel.database import Database
from modules.kernel.events import source_of
from modules.kernel.ids import OrderId
from tests.integration.events.whole import EMITTERS, Whole


@pytest.fixture
async def databases(
    sales_database: Database, delivery_database: Database, product_database: Database
) -> dict[str, Database]:
    return {"sales": sales_database, "delivery": delivery_database, "product": product_database}


@pytest.fixture
async def long_ago(databases: dict[str, Database]) -> AsyncIterator[Sequence[OrderId]]:
    """Orders of which everybody had heard everything, so that no event of theirs is kept."""
    whole = Whole(databases)
    await whole.stock(BOLT=10)
    orders = [await whole.place(key, BOLT=2) for key in ("one", "other")]
    await whole.come_to_rest()
    assert await whole.unsettled() == 0
    for module in EMITTERS:
        await whole.do(module, "DELETE FROM outbox")
    yield orders
    assert await whole.faults() == []


async def is_new(whole: Whole, module: str) -> None:
    """Have a module know nothing of whom it follows, as after its first deployment."""
    for table in ("inbox_source", "inbox_cursor"):
        await whole.do(module, f"DELETE FROM {table}")  # noqa: S608  # names from above


async def begins(whole: Whole) -> None:
    """Have the process of all modules be far enough to handle events."""
    for consumer in whole.consumers():
        await consumer.beginning.run()


@pytest.mark.parametrize("module", ["sales", "delivery", "product"])
async def test_a_module_that_is_new_follows_orders_that_it_has_never_heard_of(
    databases: dict[str, Database], long_ago: Sequence[OrderId], module: str
) -> None:
    one, other = long_ago
    whole = Whole(databases)
    await is_new(whole, module)
    await begins(whole)
    await whole.report(one, "packed", "dispatched")
    await whole.cancel(other)
    await whole.come_to_rest()
    assert await whole.unsettled() == 0
    assert await whole.parked(module) == {}
    assert (await whole.status(one), await whole.status(other)) == ("shipped", "cancelled")


async def test_who_is_not_far_enough_to_follow_others_says_so_until_it_is(
    databases: dict[str, Database], long_ago: Sequence[OrderId]
) -> None:
    assert long_ago
    whole = Whole(databases)
    await is_new(whole, "product")
    for consumer in whole.consumers():
        await consumer.beginning.look()
    trouble = _neighbours(whole.container)
    words = f"it does not follow {source_of('delivery')} and {source_of('sales')} yet"
    assert await trouble() == {"product.events": words}
    await begins(whole)
    assert await trouble() == {}
