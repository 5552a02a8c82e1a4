"""Answers that are lost and transactions that fail, wherever that can happen to an order."""

import asyncio

from app.batching import Batcher
from modules.sales.service import Placed, PlaceOrder
from tests.support.interleaving import CutOffProduct, UnsteadyDatabase
from tests.support.orders import order, told, variant
from tests.support.shop import Shop


async def test_an_answer_to_commit_that_is_lost_is_unavailable_and_the_retry_is_answered_with_the_order(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    one = order("k", BOLT=1)
    lossy = UnsteadyDatabase(shop.sales_database, forgets=True)
    assert told(await shop.place(one, database=lossy)) == "unavailable"
    assert await shop.counters("BOLT") == (1, 1), "the stock of an order that may be stored was given back"
    assert told(await shop.place(one)) == "replayed"
    assert await shop.orders() == 1


async def test_an_answer_to_commit_that_is_lost_is_unavailable_and_the_sweeper_keeps_the_stock_of_the_order(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    await shop.place(order("k", BOLT=1), database=UnsteadyDatabase(shop.sales_database, forgets=True))
    await shop.sweep()
    assert list((await shop.holds()).values()) == ["confirmed"]


async def test_a_transaction_that_fails_before_commit_keeps_the_hold_until_it_is_settled_void(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    failing = UnsteadyDatabase(shop.sales_database, fails=True)
    outcome = told(await shop.place(order("k", BOLT=1), database=failing))
    assert outcome == "not_reached", "an order that is not stored was acknowledged"
    assert await shop.counters("BOLT") == (1, 1)
    await shop.sweep()
    assert await shop.counters("BOLT") == (1, 0), "stock stays held for no order"
    assert told(await shop.place(order("other", BOLT=1))) == "placed"


async def test_a_retry_after_a_transaction_that_failed_before_commit_uses_the_hold_that_is_still_there(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    one = order("k", BOLT=1)
    await shop.place(one, database=UnsteadyDatabase(shop.sales_database, fails=True))
    held = await shop.only_hold()
    assert told(await shop.place(one)) == "placed"
    assert await shop.hold_of("k") == held


async def test_while_product_is_away_an_order_is_unavailable_and_nothing_is_stored_or_held(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    away = CutOffProduct(shop.product(), unreached="availability release")
    assert told(await shop.place(order("k", BOLT=1), away)) == "not_reached"
    assert (await shop.orders(), await shop.holds()) == (0, {})


async def test_a_hold_whose_answer_is_lost_is_unavailable_and_the_retry_gets_the_same_hold(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    one = order("k", BOLT=1)
    lossy = CutOffProduct(shop.product(), unanswered="availability")
    assert told(await shop.place(one, lossy)) == "unavailable"
    held = await shop.only_hold()
    assert told(await shop.place(one)) == "placed"
    assert await shop.hold_of("k") == held


async def test_while_product_is_away_a_stored_order_is_answered_beside_one_that_is_not_stored(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    await shop.place(order("stored", BOLT=1))
    away = CutOffProduct(shop.product(), unreached="availability")
    batch = [order("stored", BOLT=1), order("new", BOLT=1)]
    assert [told(one) for one in await shop.place_batch(batch, away)] == ["replayed", "not_reached"]


async def test_an_answer_to_commit_that_is_lost_is_unavailable_for_each_in_the_batch_that_it_stored(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=2)
    batch = [order("a", BOLT=1), order("b", BOLT=1), order("c", BOLT=1)]
    heard = await shop.place_batch(batch, database=UnsteadyDatabase(shop.sales_database, forgets=True))
    assert [told(one) for one in heard] == ["unavailable", "unavailable", "product.out_of_stock"]
    assert [told(one) for one in await shop.place_batch(batch[:2])] == ["replayed", "replayed"]


async def test_a_batch_worked_through_again_one_by_one_places_an_order_without_a_key_once(shop: Shop) -> None:
    """The second use of the key makes the batch fail after the first turn was stored."""
    await shop.stock(BOLT=2)
    unstorable = variant(order("k", BOLT=1), reference="\0")
    batch = [order(None, BOLT=1), order("k", BOLT=9), unstorable]
    place = Batcher[PlaceOrder, Placed](shop.placing().place_orders)
    outcomes = await asyncio.gather(*(place(one) for one in batch), return_exceptions=True)
    assert isinstance(outcomes[0], Placed)
    assert await shop.orders() == 1
