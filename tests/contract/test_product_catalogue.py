"""What product offers to customers, as sales asks for it, however product is reached."""

import pytest

from modules.kernel.money import Money
from modules.product.port import CatalogueItem, CatalogueRequest, ProductPort
from tests.contract.port_facts import same_again
from tests.support.orders import order
from tests.support.shop import Shop

PRICE = Money(100, "EUR")
BOLT, NAIL, NUT = (CatalogueItem(sku, sku.title(), PRICE, in_stock=True) for sku in ("BOLT", "NAIL", "NUT"))


async def fill(shop: Shop) -> None:
    await shop.stock(NUT=2, BOLT=5, NAIL=1)


async def test_products_are_offered_by_sku_and_unknown_ones_left_out(product: ProductPort, shop: Shop) -> None:
    await fill(shop)
    asked = [
        CatalogueRequest(("NUT", "GHOST", "BOLT", "NUT")),
        CatalogueRequest(("GHOST",)),
        CatalogueRequest(("NUT",)),
    ]
    assert await same_again(lambda: product.catalogue(asked)) == [(BOLT, NUT), (), (NUT,)]


async def test_a_page_begins_behind_a_sku_and_has_so_many_of_a_prefix(product: ProductPort, shop: Shop) -> None:
    await fill(shop)
    pages = [
        CatalogueRequest(limit=2),
        CatalogueRequest(after="NAIL"),
        CatalogueRequest(prefix="N"),
        CatalogueRequest(prefix="N", after="NAIL", limit=1),
        CatalogueRequest(prefix="%"),
        CatalogueRequest(after="ZZZ"),
    ]
    answers = await same_again(lambda: product.catalogue(pages))
    assert answers == [(BOLT, NAIL), (NUT,), (NAIL, NUT), (NUT,), (), ()]


async def test_pages_and_products_asked_for_together_are_answered_in_order(product: ProductPort, shop: Shop) -> None:
    await fill(shop)
    asked = [CatalogueRequest(limit=1), CatalogueRequest(("NUT",)), CatalogueRequest(prefix="NA")]
    assert await product.catalogue(asked) == [(BOLT,), (NUT,), (NAIL,)]
    assert list(await product.catalogue([])) == []


async def test_what_orders_have_taken_is_not_in_stock_any_more(product: ProductPort, shop: Shop) -> None:
    await shop.stock(BOLT=2)
    for key, in_stock in (("first", True), ("second", False)):
        await shop.place(order(key, BOLT=1))
        ((offered,),) = await product.catalogue([CatalogueRequest(("BOLT",))])
        assert offered.in_stock is in_stock


@pytest.mark.parametrize("asked", [CatalogueRequest(("BOLT", "NUT")), CatalogueRequest()], ids=["by SKU", "a page"])
async def test_what_is_retired_is_not_offered(product: ProductPort, shop: Shop, asked: CatalogueRequest) -> None:
    await fill(shop)
    await shop.alter_rows("UPDATE product SET active = false WHERE sku <> 'NUT'")
    assert await product.catalogue([asked]) == [(NUT,)]
