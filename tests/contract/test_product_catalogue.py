"""What product offers to customers, as sales asks for it, however product is reached."""

import pytest

from modules.kernel.database import rows_json, sql
from modules.kernel.money import Money
from modules.product import repository
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


async def test_pages_are_in_the_order_of_bytes_and_prefixes_tell_case_apart(product: ProductPort, shop: Shop) -> None:
    skus = ["a1", "B1", "A-2", "A/2", "A.2", "A2", "AA", "Z", "z_", "9"]
    await shop.stock(**dict.fromkeys(skus, 1))
    every, of_a = await product.catalogue([CatalogueRequest(), CatalogueRequest(prefix="A")])
    assert [one.sku for one in every] == sorted(skus)
    assert [one.sku for one in of_a] == sorted(sku for sku in skus if sku.startswith("A"))
    assert [one.sku for one in await shop.catalogue.products("A2", 2)] == ["AA", "B1"]


async def test_a_page_is_found_by_the_index_of_prefixes_however_large_the_catalogue_is(shop: Shop) -> None:
    await shop.alter_rows(
        "INSERT INTO product (sku, name, unit_price, currency) SELECT 'SKU-' || i, 'x', 1, 'EUR' FROM generate_series(1, 5000) i"
    )
    await shop.alter_rows("INSERT INTO stock (sku, on_hand, held) SELECT sku, 0, 0 FROM product")
    await shop.alter_rows("ANALYZE product, stock")
    async with shop.product_database.transaction() as transaction:
        await transaction.execute(sql("SET LOCAL plan_cache_mode = force_generic_plan"))
        page = {"place": 0, "prefix": "SKU-49", "after": "", "most": 50}
        for statement, values in (
            (repository.OFFERED_PAGES, {"rows": rows_json([page])}),
            (repository.PRODUCTS, {"after": "", "prefix": "SKU-49", "limit": 50, "active": None}),
        ):
            plan = "\n".join(row[0] for row in await transaction.fetch(sql(f"EXPLAIN {statement}"), **values))
            assert "product_prefix" in plan, plan
            assert "Seq Scan on product" not in plan, plan
