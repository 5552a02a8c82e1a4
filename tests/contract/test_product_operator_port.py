"""What product means to the operator, however it is reached."""

from collections.abc import AsyncIterator

import pytest

from modules.kernel.money import Money
from modules.product.port import (
    BelowHeld,
    MovementKeyReused,
    NewProduct,
    NoSuchProduct,
    ProductOperatorPort,
    ProductView,
    StockChange,
    StockView,
)
from tests.contract.port_adapters import Adapter
from tests.contract.port_facts import same_again
from tests.support.orders import order
from tests.support.shop import Shop


@pytest.fixture
async def operator(adapter: Adapter, shop: Shop) -> AsyncIterator[ProductOperatorPort]:
    async with adapter.reach(ProductOperatorPort, shop.catalogue, "product") as port:  # type: ignore[type-abstract]  # read for its methods
        yield port


async def test_products_are_imported_and_shown_by_sku_from_behind_one(operator: ProductOperatorPort) -> None:
    rows = [NewProduct(sku, sku.title(), 100, "EUR") for sku in ("NUT", "BOLT", "NAIL")]
    assert await same_again(lambda: operator.import_products("maria", rows)) == 3
    bolt, nail, nut = await same_again(lambda: operator.products(None, 10))
    assert (bolt.sku, nail.sku) == ("BOLT", "NAIL")
    assert nut == ProductView("NUT", "Nut", Money(100, "EUR"), active=True, version=nut.version)
    assert await operator.products("BOLT", 1) == [nail]
    assert await operator.products(None, 10, "N") == [nail, nut]


async def test_stock_is_shown_of_the_skus_that_exist(operator: ProductOperatorPort, shop: Shop) -> None:
    await shop.stock(BOLT=5, NUT=1)
    await shop.place(order("k", BOLT=2))
    shown = await same_again(lambda: operator.stock(["NUT", "GHOST", "BOLT"]))
    assert shown == [StockView("BOLT", 5, 2, 3), StockView("NUT", 1, 0, 1)]
    assert await operator.stock([]) == []


@pytest.mark.parametrize(("kind", "quantity", "on_hand"), [("receipt", 3, 8), ("correction", -2, 3), ("count", 4, 4)])
async def test_a_change_of_stock_counts_once_per_key(
    operator: ProductOperatorPort, shop: Shop, kind: str, quantity: int, on_hand: int
) -> None:
    await shop.stock(BOLT=5)
    change = StockChange(kind, quantity, "k")
    view = await same_again(lambda: operator.change_stock("maria", "BOLT", change))
    assert view == StockView("BOLT", on_hand, 0, on_hand)
    assert await same_again(operator.verify_stock) == []


async def test_less_than_is_held_is_refused_and_the_orders_are_named(operator: ProductOperatorPort, shop: Shop) -> None:
    await shop.stock(BOLT=5)
    await shop.place(order("k", BOLT=2))
    (order_id,) = shop.acknowledged
    with pytest.raises(BelowHeld) as refused:
        await operator.change_stock("maria", "BOLT", StockChange("count", 1, "k"))
    assert refused.value.details == {"sku": "BOLT", "held": 2, "orders": [str(order_id)]}
    with pytest.raises(BelowHeld):
        await operator.import_products("maria", [NewProduct("BOLT", "Bolt", 100, "EUR", 1)])
    assert await shop.counters("BOLT") == (5, 2)


async def test_a_key_that_has_made_another_change_is_refused(operator: ProductOperatorPort, shop: Shop) -> None:
    await shop.stock(BOLT=5, NUT=5)
    await operator.change_stock("maria", "BOLT", StockChange("receipt", 1, "k"))
    for sku, change in (("BOLT", StockChange("receipt", 2, "k")), ("NUT", StockChange("receipt", 1, "k"))):
        with pytest.raises(MovementKeyReused) as refused:
            await operator.change_stock("maria", sku, change)
        assert refused.value.details == {"key": "k"}
    assert (await shop.counters("BOLT"), await shop.counters("NUT")) == ((6, 0), (5, 0))


async def test_stock_of_no_product_cannot_be_changed(operator: ProductOperatorPort) -> None:
    with pytest.raises(NoSuchProduct) as refused:
        await operator.change_stock("maria", "GHOST", StockChange("receipt", 1, "k"))
    assert refused.value.details == {"sku": "GHOST"}
