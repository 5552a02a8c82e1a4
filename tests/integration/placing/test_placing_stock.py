"""Who gets what when there is not enough."""

import asyncio

from modules.kernel.ids import OrderId, new_id
from modules.product.port import AvailabilityRequest, Line, OutOfStock
from modules.sales.service import Placed
from tests.support.interleaving import Gate, UnsteadyDatabase
from tests.support.orders import Outcome, order, told, variant
from tests.support.shop import Shop


async def two_buyers(shop: Shop) -> list[Outcome]:
    """The second asks while the first has the last unit, uncommitted."""
    await shop.stock(BOLT=1)
    gate = Gate()
    slow = shop.product(UnsteadyDatabase(shop.product_database, before_commit=gate))
    first = shop.begin(shop.place(order("first", BOLT=1), slow))
    await gate.reached()
    second = shop.begin(shop.place(order("second", BOLT=1)))
    await shop.product_waits(unless=second)
    gate.open()
    return [await first, await second]


async def test_two_buyers_never_both_get_the_last_unit_asked_for_by_one_while_the_other_is_given_it(shop: Shop) -> None:
    placed = [outcome for outcome in await two_buyers(shop) if isinstance(outcome, Placed)]
    assert len(placed) <= 1, "sold twice"


async def test_the_second_buyer_waits_for_the_first_to_get_the_last_unit_and_is_told_that_it_is_gone(
    shop: Shop,
) -> None:
    first, second = await two_buyers(shop)
    assert told(first) == "placed"
    assert told(second) == "product.out_of_stock", told(second)


async def test_the_second_buyer_gets_the_last_unit_when_the_hold_of_the_first_is_rolled_back_meanwhile(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=1)
    gate = Gate()
    broken = shop.product_service(UnsteadyDatabase(shop.product_database, before_commit=gate, fails=True))
    first = shop.begin(shop.place(order("first", BOLT=1), broken))
    await gate.reached()
    second = shop.begin(shop.place(order("second", BOLT=1)))
    await shop.product_waits()
    gate.open()
    assert told(await first) == "not_reached"
    assert told(await second) == "placed"


async def test_two_orders_in_one_batch_get_the_last_unit_in_the_order_they_came(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    batch = [order("first", BOLT=1), order("second", BOLT=1)]
    assert [told(one) for one in await shop.place_batch(batch)] == ["placed", "product.out_of_stock"]


async def test_an_order_holds_all_its_lines_or_none_and_names_the_short_ones_only(shop: Shop) -> None:
    await shop.stock(BOLT=3, NUT=2)
    refused = await shop.place(order("k", BOLT=1, NUT=5))
    assert isinstance(refused, OutOfStock)
    assert refused.details["lines"] == [{"sku": "NUT", "quantity": 5, "available_quantity": 2}]
    assert await shop.counters("BOLT") == (3, 0)
    assert await shop.holds() == {}


async def test_a_hold_has_all_its_lines_or_there_is_none(shop: Shop) -> None:
    await shop.stock(BOLT=3, NUT=2)
    lines = (Line("BOLT", 1), Line("NUT", 5))
    (answer,) = await shop.product_service().availability([AvailabilityRequest(lines, OrderId(new_id()), hold=True)])
    assert (answer.available, answer.hold_id) == (False, None), "a part of a basket is held"
    assert (await shop.counters("BOLT"), await shop.holds()) == ((3, 0), {}), "what was refused is held"


async def test_a_refused_order_takes_nothing_from_its_neighbours_in_the_batch(shop: Shop) -> None:
    await shop.stock(BOLT=2, NUT=2)
    batch = [
        order("a", BOLT=1),
        order("b", BOLT=1, NUT=3),
        order("c", SCREW=1),
        order("d", BOLT=1, NUT=2),
        order("e", NUT=1),
    ]
    assert [told(one) for one in await shop.place_batch(batch)] == [
        "placed",
        "product.out_of_stock",
        "product.unknown_sku",
        "placed",
        "product.out_of_stock",
    ]


async def test_the_same_sku_in_two_lines_is_added_up(shop: Shop) -> None:
    await shop.stock(BOLT=3)
    lines = (Line("BOLT", 2), Line("BOLT", 2))
    (answer,) = await shop.product().availability([AvailabilityRequest(lines, OrderId(new_id()), hold=True)])
    assert answer.refusal == "product.out_of_stock", "what was asked for twice was held once"
    assert [(line.quantity, line.available_quantity) for line in answer.lines] == [(4, 3)]


async def test_the_same_sku_in_two_lines_of_an_order_is_held_and_stored_once_as_their_sum(shop: Shop) -> None:
    await shop.stock(BOLT=4)
    lines = (Line("BOLT", 1), Line("BOLT", 2))
    (answer,) = await shop.product().availability([AvailabilityRequest(lines, OrderId(new_id()), hold=True)])
    assert answer.available
    assert await shop.counters("BOLT") == (4, 3)


async def test_asking_without_a_hold_takes_nothing(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    ask = AvailabilityRequest((Line("BOLT", 1),))
    assert [one.available for one in await shop.product().availability([ask, ask])] == [True, True]
    assert await shop.counters("BOLT") == (1, 0)


async def test_batches_over_crossing_skus_in_parallel_sell_exactly_what_there_is_and_never_lock_each_other_out(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=20, NUT=20, SCREW=20)
    ways = [("BOLT", "NUT", "SCREW"), ("SCREW", "NUT", "BOLT"), ("NUT", "SCREW", "BOLT")]
    batches = [
        [
            variant(order(f"{number}.{place}"), lines=tuple((sku, 1) for sku in ways[(number + place) % 3]))
            for place in range(8)
        ]
        for number in range(6)
    ]
    answers = await asyncio.gather(*(shop.begin(shop.place_batch(batch)) for batch in batches))
    heard = [told(outcome) for answer in answers for outcome in answer]
    assert sorted(heard) == ["placed"] * 20 + ["product.out_of_stock"] * 28
