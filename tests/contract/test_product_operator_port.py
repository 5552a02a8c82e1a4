"""What product means to the operator, however it is reached."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from modules.kernel.errors import PreconditionFailed
from modules.kernel.money import Money
from modules.product.port import (
    BelowHeld,
    MovementKeyReused,
    MovementView,
    NewProduct,
    NoSuchProduct,
    ProductOperatorPort,
    ProductView,
    ProductWanted,
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


async def test_a_forced_count_below_what_is_held_is_a_shortage(operator: ProductOperatorPort, shop: Shop) -> None:
    await shop.stock(BOLT=5)
    await shop.place(order("k", BOLT=2))
    change = StockChange("count", 1, "k", "looked", force=True)
    view = await same_again(lambda: operator.change_stock("maria", "BOLT", change))
    assert view == StockView("BOLT", on_hand=2, held=2, available=0, shortage=1)
    assert await operator.stock(["BOLT"]) == [view]
    assert await operator.verify_stock() == []


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


# the catalogue, changed


TEA = ProductWanted("Tea", 450, "EUR")


async def test_a_product_is_added_then_changed_and_what_is_so_already_stays(operator: ProductOperatorPort) -> None:
    assert await operator.put_product("maria", "TEA/G", TEA) == ProductView("TEA/G", "Tea", Money(450, "EUR"), True, 1)
    dearer = replace(TEA, unit_price=500, currency="USD")
    changed = ProductView("TEA/G", "Tea", Money(500, "USD"), True, 2)
    assert await same_again(lambda: operator.put_product("maria", "TEA/G", dearer)) == changed
    assert await same_again(lambda: operator.product("TEA/G")) == changed
    assert await operator.stock(["TEA/G"]) == [StockView("TEA/G", 0, 0, 0)]
    assert len(await operator.list_changes()) == 2


async def test_a_product_that_is_another_version_is_not_changed(operator: ProductOperatorPort) -> None:
    await operator.put_product("maria", "TEA", TEA)
    for wanted in (replace(TEA, unit_price=1, version=2), replace(TEA, unit_price=1, new=True)):
        with pytest.raises(PreconditionFailed) as refused:
            await operator.put_product("maria", "TEA", wanted)
        assert refused.value.details == {"version": 1}
    with pytest.raises(PreconditionFailed) as refused:
        await operator.put_product("maria", "MUG", replace(TEA, version=1))
    assert refused.value.details == {"version": None}
    changed = await operator.put_product("maria", "TEA", replace(TEA, unit_price=1, version=1))
    assert (changed.unit_price.amount, changed.version) == (1, 2)


async def test_a_retired_product_stays_in_the_catalogue_until_it_is_sold_again(operator: ProductOperatorPort) -> None:
    await operator.put_product("maria", "TEA", TEA)
    retired = await same_again(lambda: operator.retire_product("maria", "TEA"))
    assert (retired.active, retired.version) == (False, 2)
    await operator.put_product("maria", "MUG", TEA)
    assert [one.sku for one in await operator.products(None, 10, active=False)] == ["TEA"]
    assert [one.sku for one in await operator.products(None, 10, active=True)] == ["MUG"]
    assert not (await operator.put_product("maria", "TEA", replace(TEA, unit_price=1))).active
    assert (await operator.put_product("maria", "TEA", replace(TEA, active=True))).active


async def test_an_import_changes_the_price_of_a_retired_product_and_leaves_it_retired(
    operator: ProductOperatorPort,
) -> None:
    await operator.put_product("maria", "TEA", replace(TEA, active=False))
    await operator.import_products("maria", [NewProduct("TEA", "Tea", 500, "EUR", 3)])
    assert await operator.product("TEA") == ProductView("TEA", "Tea", Money(500, "EUR"), active=False, version=2)


async def test_what_is_not_in_the_catalogue_is_neither_shown_nor_retired(operator: ProductOperatorPort) -> None:
    for asked in (operator.product("GHOST"), operator.retire_product("maria", "GHOST")):
        with pytest.raises(NoSuchProduct) as refused:
            await asked
        assert refused.value.details == {"sku": "GHOST"}


async def test_every_change_is_written_down_with_who_made_it_and_what_differs(operator: ProductOperatorPort) -> None:
    await operator.put_product("maria", "TEA", TEA)
    rows = [
        NewProduct("TEA", "Tea", 500, "EUR"),
        NewProduct("MUG", "Mug", 900, "EUR"),
        NewProduct("CUP", "Cup", 1, "EUR"),
    ]
    await operator.import_products("file", rows)
    await operator.retire_product("paul", "TEA")
    await operator.put_product("maria", "TEA", replace(TEA, name="Green tea", unit_price=500, active=True))
    await operator.put_product("maria", "TEA", replace(TEA, name="Green tea", unit_price=500))  # nothing differs
    told = await same_again(lambda: operator.list_changes("TEA"))
    cost = [{"unit_price": {"amount": amount, "currency": "EUR"}} for amount in (450, 500)]
    assert [(one.actor, one.action, one.before, one.after) for one in reversed(told)] == [
        ("maria", "add", None, {"name": "Tea", "active": True} | cost[0]),
        ("file", "change", *cost),
        ("paul", "retire", {"active": True}, {"active": False}),
        ("maria", "sell_again", {"name": "Tea", "active": False}, {"name": "Green tea", "active": True}),
    ]
    assert all(one.at.utcoffset() is not None for one in told)
    every = await operator.list_changes()
    assert [(one.sku, one.action) for one in every][2:5] == [("TEA", "change"), ("MUG", "add"), ("CUP", "add")]
    assert await operator.list_changes(limit=2, before=every[1].id) == every[2:4]
    assert await operator.list_changes("GHOST") == []


async def test_counters_are_counted_anew_where_movements_and_holds_agree(
    operator: ProductOperatorPort, shop: Shop
) -> None:
    await shop.stock(BOLT=5, NUT=5, PIN=5)
    await shop.place(order("k", BOLT=2, PIN=2))
    await shop.alter(shop.product_database, "UPDATE stock SET on_hand = 9, held = 1 WHERE sku = 'BOLT'")
    await shop.alter(shop.product_database, "UPDATE hold_line SET quantity = 3 WHERE sku = 'PIN'")
    await shop.alter(shop.product_database, "UPDATE stock SET held = 4 WHERE sku = 'PIN'")
    assert {fault.sku for fault in await operator.verify_stock()} == {"BOLT", "PIN"}
    assert await operator.recount("maria", ["NUT", "BOLT", "PIN", "GHOST"]) == [StockView("BOLT", 5, 2, 3)]
    assert await operator.recount("maria", ["NUT", "BOLT", "PIN", "GHOST"]) == []
    assert {fault.sku for fault in await operator.verify_stock()} == {"PIN"}, "nobody can say which of them is right"
    (noted,) = await shop.rows(
        shop.product_database, "SELECT actor, subject, details FROM audit WHERE action = 'recount'"
    )
    assert (noted.actor, noted.subject) == ("maria", "BOLT")
    assert noted.details == {
        "before": {"on_hand": 9, "held": 1, "shortage": 0},
        "after": {"on_hand": 5, "held": 2, "shortage": 0},
    }
    await shop.alter(shop.product_database, "UPDATE hold_line SET quantity = 2 WHERE sku = 'PIN'")
    await shop.alter(shop.product_database, "UPDATE stock SET held = 2 WHERE sku = 'PIN'")


async def test_movements_are_told_newest_first_with_who_and_why(operator: ProductOperatorPort) -> None:
    await operator.import_products("maria", [NewProduct(sku, sku.title(), 100, "EUR") for sku in ("BOLT", "NUT")])
    for number, change in enumerate(
        (StockChange("receipt", 5, "a", "new"), StockChange("correction", -1, "b", "broken"))
    ):
        await operator.change_stock(f"maria {number}", "BOLT", change)
    newest, first = await same_again(lambda: operator.movements("BOLT"))
    assert isinstance(newest, MovementView)
    assert (first.kind, first.on_hand_change, first.reason, first.actor) == ("receipt", 5, "new", "maria 0")
    assert (newest.kind, newest.on_hand_change, newest.reason, newest.actor) == ("correction", -1, "broken", "maria 1")
    assert newest.at >= first.at
    assert await operator.movements("BOLT", 1) == [newest]
    assert await operator.movements("BOLT", kind="receipt") == [first]
    assert await operator.movements("BOLT", kind="write_off") == []
    assert await operator.movements("NUT") == []
    assert await operator.movements("GHOST") == []
