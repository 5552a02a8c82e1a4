"""The catalogue is changed by two at once, or while orders are placed."""

import asyncio
from dataclasses import replace

import pytest

from modules.kernel.errors import PreconditionFailed, WaybillError
from modules.kernel.idempotency import Answered, Repeatable, RequestKeyReused
from modules.kernel.ids import ClientId
from modules.product.port import NewProduct, ProductWanted, StockChange, StockView
from modules.product.service import Catalogue
from modules.product.service.products import ProductPut
from modules.sales.service import Placed
from tests.support.interleaving import Gate, GatedProduct, UnsteadyDatabase
from tests.support.orders import Outcome, order, told, variant
from tests.support.shop import Shop

BOLT = ProductWanted("Bolt", 100, "EUR")
DEARER = replace(BOLT, unit_price=200)
REQUEST = Repeatable(ClientId("operator"), "k", "this one")
ANOTHER = replace(REQUEST, fingerprint="another")

Put = Answered[ProductPut] | WaybillError


def slow(shop: Shop, gate: Gate) -> Catalogue:
    """The catalogue for somebody whose COMMIT takes long."""
    return Catalogue(UnsteadyDatabase(shop.product_database, before_commit=gate))


async def meanwhile(
    shop: Shop,
    first: ProductWanted,
    second: ProductWanted,
    *,
    keys: tuple[Repeatable | None, Repeatable | None] = (None, None),
) -> tuple[Put, Put]:
    """The second is put while the first is, uncommitted."""

    async def put(catalogue: Catalogue, wanted: ProductWanted, request: Repeatable | None) -> Put:
        try:
            return await catalogue.put("operator", "BOLT", wanted, request)
        except WaybillError as refusal:
            return refusal

    gate = Gate()
    one = shop.begin(put(slow(shop, gate), first, keys[0]))
    await gate.reached()
    other = shop.begin(put(shop.catalogue, second, keys[1]))
    await shop.product_waits(unless=other)
    gate.open()
    return await one, await other


def heard(put: Put) -> str:
    if isinstance(put, WaybillError):
        return put.code
    word = "added" if put.answer.created else "changed"
    return f"{word} again" if put.replayed else word


# two who change it


async def test_of_two_who_change_the_version_that_both_saw_one_is_told_that_there_is_another(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    first, second = await meanwhile(shop, replace(DEARER, version=1), replace(BOLT, name="Screw", version=1))
    assert (heard(first), heard(second)) == ("changed", "precondition_failed"), "a change was lost"
    assert isinstance(second, PreconditionFailed)
    assert second.details == {"version": 2}
    product = await shop.catalogue.product("BOLT")
    assert (product.name, product.unit_price.amount, product.version) == ("Bolt", 200, 2)


async def test_of_two_who_add_the_same_product_one_is_told_that_it_is_there(shop: Shop) -> None:
    first, second = await meanwhile(shop, replace(BOLT, new=True), replace(DEARER, new=True))
    assert (heard(first), heard(second)) == ("added", "precondition_failed")
    assert (await shop.catalogue.product("BOLT")).unit_price.amount == 100


async def test_of_two_who_put_whatever_there_is_the_second_changes_what_the_first_has_added(shop: Shop) -> None:
    first, second = await meanwhile(shop, BOLT, DEARER)
    assert (heard(first), heard(second)) == ("added", "changed")
    changes = await shop.catalogue.list_changes("BOLT")
    assert [(one.action, [*(one.before or {})]) for one in changes] == [("change", ["unit_price"]), ("add", [])]


async def test_the_same_request_twice_at_once_changes_once_and_both_get_its_answer(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    first, second = await meanwhile(shop, DEARER, DEARER, keys=(REQUEST, REQUEST))
    assert (heard(first), heard(second)) == ("changed", "changed again")
    assert isinstance(first, Answered)
    assert isinstance(second, Answered)
    assert first.answer == second.answer
    assert (await shop.catalogue.product("BOLT")).version == 2


async def test_another_request_with_the_key_of_one_under_way_is_refused(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    first, second = await meanwhile(shop, DEARER, replace(BOLT, name="Screw"), keys=(REQUEST, ANOTHER))
    assert (heard(first), heard(second)) == ("changed", "idempotency_key_reused")
    assert (await shop.catalogue.product("BOLT")).name == "Bolt"


async def test_a_product_that_is_retired_while_it_is_changed_is_both(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    change = shop.begin(slow(shop, gate).put("operator", "BOLT", DEARER))
    await gate.reached()
    retiring = shop.begin(shop.catalogue.retire_product("operator", "BOLT"))
    await shop.product_waits(unless=retiring)
    gate.open()
    await change
    retired = await retiring
    assert (retired.active, retired.unit_price.amount, retired.version) == (False, 200, 3)


async def test_a_file_that_is_imported_while_a_product_is_changed_waits_and_moves_its_version_once_more(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    change = shop.begin(slow(shop, gate).put("operator", "BOLT", DEARER))
    await gate.reached()
    rows = [NewProduct("BOLT", "Bolt", 300, "EUR")]
    importing = shop.begin(shop.catalogue.import_products("file", rows))
    await shop.product_waits(unless=importing)
    gate.open()
    await change
    await importing
    (last, *_) = await shop.catalogue.list_changes("BOLT")
    assert (await shop.catalogue.product("BOLT")).version == 3
    assert last.before == {"unit_price": {"amount": 200, "currency": "EUR"}}


async def test_files_over_crossing_skus_are_imported_at_once_and_never_lock_each_other_out(shop: Shop) -> None:
    skus = [f"SKU-{number}" for number in range(12)]
    ways = [skus[number:] + skus[:number] for number in range(6)] + [skus[::-1]] * 2
    files = [[NewProduct(sku, f"Of {place}", place, "EUR", 5) for sku in way] for place, way in enumerate(ways)]
    imports = [shop.begin(shop.catalogue.import_products("file", rows)) for rows in files]
    assert await asyncio.gather(*imports) == [12] * 8
    products = await shop.catalogue.products(None, 100)
    assert len({one.unit_price for one in products}) == 1
    for one in products:
        assert len(await shop.catalogue.list_changes(one.sku)) == one.version


# while orders are placed


async def priced(shop: Shop, outcome: Outcome) -> tuple[int, int]:
    """What an order costs, and what its hold says."""
    assert isinstance(outcome, Placed)
    (row,) = await shop.rows(shop.product_database, "SELECT unit_price FROM hold_line")
    return outcome.order.total.amount, row.unit_price


async def test_an_order_costs_what_the_product_cost_when_it_was_held(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    placing = shop.begin(shop.place(order("k", BOLT=1), GatedProduct(shop.product(), after=gate)))
    await gate.reached()
    await shop.catalogue.put_product("operator", "BOLT", DEARER)
    gate.open()
    assert await priced(shop, await placing) == (100, 100)
    assert told(await shop.place(order("k", BOLT=1))) == "replayed"


async def test_an_order_that_is_asked_for_before_a_change_and_held_after_it_costs_the_new_price(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    placing = shop.begin(shop.place(order("k", BOLT=1), GatedProduct(shop.product(), before=gate)))
    await gate.reached()
    await shop.catalogue.put_product("operator", "BOLT", DEARER)
    gate.open()
    assert await priced(shop, await placing) == (200, 200)


async def test_an_order_that_expects_the_old_price_after_the_change_is_refused_and_holds_nothing(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    view = await shop.catalogue.product("BOLT")
    expecting = variant(order("k", BOLT=1), expected_total=view.unit_price)
    placing = shop.begin(shop.place(expecting, GatedProduct(shop.product(), before=gate)))
    await gate.reached()
    await shop.catalogue.put_product("operator", "BOLT", DEARER)
    gate.open()
    assert told(await placing) == "sales.price_changed"
    assert await shop.counters("BOLT") == (1, 0)


async def test_a_product_is_changed_while_an_order_holds_it_uncommitted_and_neither_waits(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    holding = shop.product(UnsteadyDatabase(shop.product_database, before_commit=gate))
    placing = shop.begin(shop.place(order("k", BOLT=1), holding))
    await gate.reached()
    await shop.catalogue.put_product("operator", "BOLT", DEARER)
    await shop.catalogue.retire_product("operator", "BOLT")
    gate.open()
    assert await priced(shop, await placing) == (100, 100)


async def test_what_is_held_when_its_product_is_retired_is_sold_and_leaves_and_nothing_after_it(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    gate = Gate()
    placing = shop.begin(shop.place(order("held", BOLT=1), GatedProduct(shop.product(), after=gate)))
    await gate.reached()
    await shop.catalogue.retire_product("operator", "BOLT")
    late = await shop.place(order("late", BOLT=1))
    gate.open()
    assert (told(await placing), told(late)) == ("placed", "product.unknown_sku")
    await shop.created("held")
    await shop.dispatched("held")
    assert await shop.counters("BOLT") == (1, 0)


# stock


@pytest.mark.parametrize(("request_", "word"), [(REQUEST, "again"), (ANOTHER, "refused")], ids=["same", "other"])
async def test_a_movement_that_is_sent_twice_at_once_is_booked_once(
    shop: Shop, request_: Repeatable, word: str
) -> None:
    await shop.stock(BOLT=1)

    async def receive(catalogue: Catalogue, key: str, request: Repeatable) -> Answered[StockView] | RequestKeyReused:
        try:
            return await catalogue.move("operator", "BOLT", StockChange("receipt", 2, key), request)
        except RequestKeyReused as refusal:
            return refusal

    gate = Gate()
    first = shop.begin(receive(slow(shop, gate), "m", REQUEST))
    await gate.reached()
    second = shop.begin(receive(shop.catalogue, "m" if word == "again" else "other", request_))
    await shop.product_waits(unless=second)
    gate.open()
    booked, repeated = await first, await second
    assert isinstance(booked, Answered)
    assert repeated == Answered(booked.answer, replayed=True) if word == "again" else isinstance(repeated, WaybillError)
    assert await shop.counters("BOLT") == (3, 0)
