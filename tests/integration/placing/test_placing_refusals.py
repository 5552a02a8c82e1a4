"""Refusals that only the prices at hold time can tell: what was held for them is decided void, then given back."""

from dataclasses import replace

import pytest

from modules.kernel.money import Money
from modules.product.port import MAX_QUANTITY
from modules.sales.port import PriceChanged
from modules.sales.service import PlaceOrder
from tests.support.interleaving import CutOffProduct, UnsteadyDatabase
from tests.support.orders import order, told, variant
from tests.support.shop import Shop


async def wished(shop: Shop, wish: str) -> tuple[PlaceOrder, str]:
    """A request that is held and can't be stored, and the refusal it deserves."""
    await shop.stock("EUR", 100, BOLT=2)
    await shop.stock("USD", 100, NUT=2)
    await shop.stock("EUR", 10**12, GOLD=10**8)
    bolt = order("k", BOLT=1)
    gold = tuple(("GOLD", MAX_QUANTITY) for _ in range(10))
    return {
        "another total": (replace(bolt, expected_total=Money(99, "EUR")), "sales.price_changed"),
        "another currency of the total": (replace(bolt, expected_total=Money(100, "USD")), "sales.price_changed"),
        "another currency": (replace(bolt, currency="USD"), "sales.mixed_currencies"),
        "lines in two currencies": (order("k", BOLT=1, NUT=1), "sales.mixed_currencies"),
        "more than an amount can be": (variant(bolt, lines=gold), "sales.total_too_large"),
    }[wish]


WISHES = [
    "another total",
    "another currency of the total",
    "another currency",
    "lines in two currencies",
    "more than an amount can be",
]


@pytest.mark.parametrize("wish", WISHES)
async def test_what_was_held_for_a_wish_that_is_refused_is_decided_void_and_given_back(shop: Shop, wish: str) -> None:
    request, refusal = await wished(shop, wish)
    assert told(await shop.place(request)) == refusal
    (hold_id,) = await shop.holds()
    assert await shop.decisions() == {hold_id: None}
    assert await shop.holds() == {hold_id: "closed"}


async def test_what_was_held_for_a_refused_wish_is_given_back_by_the_sweeper_when_release_is_lost(shop: Shop) -> None:
    request, refusal = await wished(shop, "another total")
    assert told(await shop.place(request, CutOffProduct(shop.product(), unreached="release"))) == refusal
    assert await shop.counters("BOLT") == (2, 1)
    await shop.sweep()
    assert await shop.counters("BOLT") == (2, 0)


async def test_what_was_held_for_a_refused_wish_is_given_back_by_the_sweeper_when_its_decision_fails(
    shop: Shop,
) -> None:
    request, refusal = await wished(shop, "another total")
    failing = UnsteadyDatabase(shop.sales_database, fails=True)
    assert told(await shop.place(request, database=failing)) == refusal
    assert (await shop.decisions(), await shop.counters("BOLT")) == ({}, (2, 1))
    await shop.sweep()
    assert await shop.counters("BOLT") == (2, 0)


async def test_a_refused_wish_leaves_its_neighbours_in_the_batch_placed(shop: Shop) -> None:
    request, refusal = await wished(shop, "another currency")
    batch = [order("a", BOLT=1), request, order("b", NUT=1)]
    assert [told(one) for one in await shop.place_batch(batch)] == ["placed", refusal, "placed"]


async def test_a_changed_price_is_told_with_the_total_that_it_would_be(shop: Shop) -> None:
    request, _ = await wished(shop, "another total")
    refusal = await shop.place(request)
    assert isinstance(refusal, PriceChanged)
    assert refusal.details["total"] == {"amount": 100, "currency": "EUR"}


async def test_an_order_has_the_price_of_its_hold_though_the_catalogue_has_changed_by_the_retry(shop: Shop) -> None:
    await shop.stock("EUR", 100, BOLT=1)
    one = order("k", BOLT=1)
    expecting = variant(one, expected_total=Money(100, "EUR"))
    await shop.place(expecting, database=UnsteadyDatabase(shop.sales_database, fails=True))
    await shop.stock("EUR", 999, BOLT=1)
    assert told(await shop.place(expecting)) == "placed"
