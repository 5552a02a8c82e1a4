"""Cancelling against dispatching: delivery's row decides, once, and both outcomes reach the customer."""

import asyncio
from collections.abc import Sequence

import pytest

from modules.delivery.port import IllegalTransition
from modules.kernel.ids import ClientId, OrderId, new_id
from modules.kernel.outbox import Outbox
from modules.sales.port import NotCancellable, OrderNotFound
from tests.integration.events.parcels import handling, history, placed, raced, reporting, stock
from tests.integration.events.whole import CUSTOMER, Whole


@pytest.mark.parametrize(
    ("reported", "before"),
    [((), "placed confirmed"), (("packed",), "placed confirmed packed")],
    ids=["opened", "packed"],
)
async def test_what_has_not_left_is_cancelled_and_its_stock_comes_back(
    whole: Whole, reported: Sequence[str], before: str
) -> None:
    order_id = await placed(whole, *reported)
    await whole.come_to_rest()
    assert await whole.cancel(order_id, "not needed") == "cancelling"
    assert await stock(whole) == (5, 2)
    await whole.come_to_rest()
    assert await history(whole, order_id) == f"{before} cancelling cancelled"
    assert await stock(whole) == (5, 0)
    assert await whole.rows("product", "SELECT state FROM hold") == [("closed",)]
    assert await whole.unsettled() == 0
    steps = await whole.container.orders().history(order_id)
    assert [(step.actor, step.reason) for step in steps[-2:]] == [(CUSTOMER, "not needed"), ("delivery", "not needed")]


async def test_an_order_of_which_delivery_has_not_heard_is_opened_and_cancelled(whole: Whole) -> None:
    await whole.stock(BOLT=5)
    order_id = await whole.place("k", BOLT=2)
    assert await whole.cancel(order_id) == "cancelling"
    await whole.come_to_rest()
    assert await history(whole, order_id) == "placed cancelling cancelled"
    assert await stock(whole) == (5, 0)


async def test_an_order_that_left_before_delivery_heard_goes_on_with_the_reason(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    await whole.come_to_rest()
    await whole.cancel(order_id)
    await whole.report(order_id, "dispatched", "in_transit")  # before delivery handles the request
    await whole.come_to_rest()
    assert await history(whole, order_id) == "placed confirmed packed cancelling packed shipped"
    assert await stock(whole) == (3, 0)
    refused = (await whole.container.orders().history(order_id))[-2]
    assert (refused.to, refused.reason) == ("packed", "Too late: part 1 is in_transit.")
    await whole.report(order_id, "delivered")
    await whole.come_to_rest()
    assert (await history(whole, order_id)).endswith("packed shipped delivered")
    assert await whole.unsettled() == 0


async def test_a_refused_order_that_arrived_meanwhile_walks_all_the_way(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.cancel(order_id)
    await whole.report(order_id, "packed", "dispatched", "in_transit", "delivered")
    await whole.come_to_rest()
    assert await history(whole, order_id) == "placed confirmed cancelling confirmed packed shipped delivered"


async def test_a_refused_order_may_be_asked_for_again_and_is_told_that_it_has_left(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    await whole.cancel(order_id)
    await whole.report(order_id, "dispatched")
    await whole.come_to_rest()
    with pytest.raises(NotCancellable) as refused:
        await whole.cancel(order_id)
    assert refused.value.details["current"] == "shipped"


# asked twice, and by whom


async def test_asked_twice_it_is_asked_once(whole: Whole) -> None:
    order_id = await placed(whole)
    assert await asyncio.gather(*(whole.cancel(order_id) for _ in range(4))) == ["cancelling"] * 4
    asked = await whole.rows("sales", "SELECT FROM outbox WHERE type LIKE '%cancel_requested%'")
    assert len(asked) == 1
    await whole.come_to_rest()
    assert await whole.cancel(order_id) == "cancelled"
    assert await history(whole, order_id) == "placed confirmed cancelling cancelled"


async def test_of_two_who_cancel_at_once_the_second_waits_and_asks_for_nothing_more(whole: Whole) -> None:
    order_id = await placed(whole)
    second = await raced(
        whole, lambda: whole.cancel(order_id), lambda: whole.cancel(order_id), after="change", within="sales"
    )
    assert second == "cancelling", f"who cancels second is told {second!r}"
    assert len(await whole.rows("sales", "SELECT FROM outbox WHERE type LIKE '%cancel_requested%'")) == 1
    assert await whole.rows("sales", "SELECT sequence FROM outbox ORDER BY id") == [(1,), (2,)]


async def test_nobody_cancels_another_s_order_or_one_that_there_is_not(whole: Whole) -> None:
    order_id = await placed(whole)
    for id_, client in ((order_id, ClientId("stranger")), (OrderId(new_id()), CUSTOMER)):
        with pytest.raises(OrderNotFound):
            await whole.container.orders().cancel_own(client, id_, None, None)
    assert await history(whole, order_id) == "placed confirmed"


async def test_placed_again_with_its_key_a_cancelled_order_is_the_answer_and_holds_nothing(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.cancel(order_id)
    await whole.come_to_rest()
    assert await whole.place("k", BOLT=2) == order_id
    assert await stock(whole) == (5, 0)


# the race for delivery's row


async def test_dispatch_locked_first_cancel_waits_and_is_refused(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    await whole.cancel(order_id)
    await raced(whole, await reporting(whole, order_id), await handling(whole))
    await whole.come_to_rest()
    went = await history(whole, order_id)
    assert went.endswith("cancelling confirmed packed shipped"), f"a parcel left of an order that was cancelled: {went}"
    assert await stock(whole) == (3, 0)


async def test_cancel_locked_first_dispatch_waits_and_is_illegal(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    await whole.cancel(order_id)
    outcome = await raced(whole, await handling(whole), await reporting(whole, order_id))
    assert isinstance(outcome, IllegalTransition)
    assert outcome.details["current"] == "cancelled"
    await whole.come_to_rest()
    assert (await history(whole, order_id)).endswith("cancelling cancelled")
    assert await stock(whole) == (5, 0)


# stock comes back once


async def test_told_twice_that_a_parcel_is_cancelled_product_gives_its_stock_back_once(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.cancel(order_id)
    await whole.come_to_rest()
    await whole.set_back("product", "delivery", order_id, 1)
    await whole.set_back("sales", "delivery", order_id, 1)
    await whole.publish_again("delivery", 2)
    await whole.come_to_rest()
    assert await whole.parked("product") == {}, "stock was given back twice, as far as there was any"
    assert await stock(whole) == (5, 0)
    assert await history(whole, order_id) == "placed confirmed cancelling cancelled"


async def test_a_hold_that_was_not_confirmed_is_given_back_by_the_cancelled_parcel_and_stays_closed(
    whole: Whole,
) -> None:
    await whole.stock(BOLT=5)
    order_id = await whole.place("k", BOLT=2)
    created = await Outbox(whole.databases["sales"]).take(100)
    await whole.cancel(order_id)
    asked = (await Outbox(whole.databases["sales"]).take(100))[1:]
    await whole.inbox("delivery").handle([*created, *asked])
    told = await Outbox(whole.databases["delivery"]).take(100)
    await whole.inbox("product").handle(told)
    assert await whole.rows("product", "SELECT state FROM hold") == [("closed",)]
    await whole.inbox("product").handle(created)
    assert await whole.rows("product", "SELECT state FROM hold") == [("closed",)]
    assert await stock(whole) == (5, 0)
    await whole.come_to_rest()
    assert await history(whole, order_id) == "placed cancelling cancelled"
