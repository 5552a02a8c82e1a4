"""The sweeper asks what became of a hold, at every moment of an order's being placed."""

from contextlib import suppress

import pytest

from modules.kernel.errors import Unavailable
from tests.support.interleaving import Gate, GatedProduct, GatedSales, UnsteadyDatabase
from tests.support.orders import order, told
from tests.support.shop import Shop


async def test_settle_while_the_order_is_being_stored_waits_for_it_and_answers_stored(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    database = UnsteadyDatabase(shop.sales_database, before_commit=gate)
    placing = shop.begin(shop.place(order("k", BOLT=1), database=database))
    await gate.reached()
    sweeping = shop.begin(shop.sweep())
    await shop.sales_waits(unless=sweeping)
    gate.open()
    assert told(await placing) == "placed"
    await sweeping
    assert list((await shop.holds()).values()) == ["confirmed"], "an order was stored without stock"


async def test_settle_while_the_transaction_of_the_order_fails_waits_for_it_and_gives_the_stock_back(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    database = UnsteadyDatabase(shop.sales_database, before_commit=gate, fails=True)
    placing = shop.begin(shop.place(order("k", BOLT=1), database=database))
    await gate.reached()
    sweeping = shop.begin(shop.sweep())
    await shop.sales_waits()
    gate.open()
    assert told(await placing) == "not_reached"
    await sweeping
    assert await shop.counters("BOLT") == (1, 0)


async def test_settle_between_hold_and_store_decides_void_and_the_order_is_stored_under_another_hold(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    placing = shop.begin(shop.place(order("k", BOLT=1), GatedProduct(shop.product(), after=gate)))
    await gate.reached()
    first = await shop.only_hold()
    await shop.sweep()
    gate.open()
    outcome = told(await placing)
    assert outcome == "placed", f"an order with stock cannot be placed: {outcome}"
    assert await shop.hold_of("k") != first, "an order was stored without stock"
    assert await shop.counters("BOLT") == (1, 1)


async def test_settle_between_hold_and_store_whose_commit_fails_gives_nothing_back(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    placing = shop.begin(shop.place(order("k", BOLT=1), GatedProduct(shop.product(), after=gate)))
    await gate.reached()
    first = await shop.only_hold()
    with suppress(Unavailable):
        await shop.sweep(shop.sales(UnsteadyDatabase(shop.sales_database, fails=True)))
    gate.open()
    assert told(await placing) == "placed"
    assert await shop.hold_of("k") == first


async def test_settle_whose_answer_is_lost_gives_nothing_back_until_it_is_asked_again(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    await shop.place(order("k", BOLT=1), database=UnsteadyDatabase(shop.sales_database, fails=True))
    with pytest.raises(Unavailable):
        await shop.sweep(shop.sales(UnsteadyDatabase(shop.sales_database, forgets=True)))
    assert await shop.counters("BOLT") == (1, 1)
    await shop.sweep()
    assert await shop.counters("BOLT") == (1, 0)


async def test_an_order_that_comes_to_be_stored_while_its_hold_is_being_settled_waits_and_takes_another_hold(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    held, decided = Gate(), Gate()
    placing = shop.begin(shop.place(order("k", BOLT=1), GatedProduct(shop.product(), after=held)))
    await held.reached()
    first = await shop.only_hold()
    settling = UnsteadyDatabase(shop.sales_database, before_commit=decided)
    sweeping = shop.begin(shop.sweep(shop.sales(settling)))
    await decided.reached()
    held.open()
    await shop.sales_waits()
    decided.open()
    await sweeping
    assert told(await placing) == "placed"
    assert await shop.hold_of("k") != first


async def test_an_order_that_comes_to_be_stored_while_settling_its_hold_fails_waits_and_keeps_the_hold(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    held, decided = Gate(), Gate()
    placing = shop.begin(shop.place(order("k", BOLT=1), GatedProduct(shop.product(), after=held)))
    await held.reached()
    first = await shop.only_hold()
    failing = shop.sales_service(UnsteadyDatabase(shop.sales_database, before_commit=decided, fails=True))
    sweeping = shop.begin(shop.sweep(failing))
    await decided.reached()
    held.open()
    await shop.sales_waits()
    decided.open()
    with pytest.raises(Unavailable):
        await sweeping
    assert told(await placing) == "placed"
    assert await shop.hold_of("k") == first


async def test_a_word_stored_that_reaches_the_sweeper_after_the_order_has_left_leaves_its_hold_closed(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    await shop.place(order("k", BOLT=1))
    gate = Gate()
    sweeping = shop.begin(shop.sweep(GatedSales(shop.sales(), after=gate)))
    await gate.reached()
    await shop.dispatched("k")
    gate.open()
    await sweeping
    assert list((await shop.holds()).values()) == ["closed"]
    assert await shop.counters("BOLT") == (0, 0)


async def test_a_word_void_that_reaches_the_sweeper_after_the_order_took_another_hold_leaves_that_hold_alone(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    held, answered = Gate(), Gate()
    placing = shop.begin(shop.place(order("k", BOLT=1), GatedProduct(shop.product(), after=held)))
    await held.reached()
    sweeping = shop.begin(shop.sweep(GatedSales(shop.sales(), after=answered)))
    await answered.reached()
    held.open()
    assert told(await placing) == "placed"
    answered.open()
    await sweeping
    assert await shop.counters("BOLT") == (1, 1)


async def test_two_sweepers_that_hear_void_of_one_hold_at_once_give_it_back_once(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    await shop.place(order("lost", BOLT=1), database=UnsteadyDatabase(shop.sales_database, fails=True))
    gate = Gate()
    sweeping = [shop.begin(shop.sweep(GatedSales(shop.sales(), after=gate))) for _ in range(2)]
    await gate.reached()
    assert told(await shop.place(order("kept", BOLT=1))) == "placed"
    gate.open()
    for sweep in sweeping:
        await sweep
    assert await shop.counters("BOLT") == (2, 1)
