"""What a hold does when it is asked for again, given back, confirmed or shipped, in whatever order."""

from datetime import timedelta

from modules.kernel.ids import HoldId, OrderId, new_id
from modules.product.port import Availability, AvailabilityRequest, Line
from tests.support.interleaving import Gate, UnsteadyDatabase
from tests.support.orders import order, told
from tests.support.shop import Shop

HOUR = timedelta(hours=1)


async def held(shop: Shop, order_id: OrderId, ttl: timedelta = timedelta(), **quantities: int) -> Availability:
    lines = tuple(Line(sku, quantity) for sku, quantity in quantities.items())
    (answer,) = await shop.product_service(ttl=ttl).availability([AvailabilityRequest(lines, order_id, hold=True)])
    return answer


def the_hold(answer: Availability) -> HoldId:
    assert answer.hold_id is not None
    return answer.hold_id


async def test_a_held_hold_that_is_asked_for_again_is_the_same_with_a_fresh_expiry(shop: Shop) -> None:
    await shop.stock(BOLT=2, NUT=1)
    order_id = OrderId(new_id())
    first = await held(shop, order_id, BOLT=2, NUT=1)
    again = await held(shop, order_id, HOUR, NUT=1, BOLT=2)
    assert the_hold(again) == the_hold(first)
    assert again.hold_expires_at is not None
    assert first.hold_expires_at is not None
    assert again.hold_expires_at > first.hold_expires_at + HOUR / 2
    assert await shop.counters("BOLT") == (2, 2)
    await shop.product().release([the_hold(first)])


async def test_a_confirmed_hold_that_is_asked_for_again_is_answered_as_it_is(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    await shop.place(order("k", BOLT=1))
    await shop.created("k")
    order_id = order("k").order_id
    first = await held(shop, order_id, BOLT=1)
    again = await held(shop, order_id, HOUR, BOLT=1)
    assert (the_hold(again), again.hold_expires_at) == (the_hold(first), first.hold_expires_at)


async def test_an_open_hold_that_is_asked_for_with_other_lines_is_a_mismatch_and_stays(shop: Shop) -> None:
    await shop.stock(BOLT=5)
    order_id = OrderId(new_id())
    first = await held(shop, order_id, BOLT=1)
    other = await held(shop, order_id, BOLT=2)
    mismatch = (False, None, "product.hold_mismatch")
    assert (other.available, other.hold_id, other.refusal) == mismatch, "one hold was the answer to two baskets"
    assert await shop.counters("BOLT") == (5, 1)
    await shop.product().release([the_hold(first)])


async def test_the_same_order_twice_in_a_batch_of_holds_is_held_once(shop: Shop) -> None:
    await shop.stock(BOLT=5)
    order_id = OrderId(new_id())
    asked = [AvailabilityRequest((Line("BOLT", quantity),), order_id, hold=True) for quantity in (2, 2, 3)]
    first, same, other = await shop.product().availability(asked)
    assert the_hold(same) == the_hold(first)
    assert other.refusal == "product.hold_mismatch"
    assert await shop.counters("BOLT") == (5, 2)


async def test_a_closed_hold_is_never_answered_again(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    order_id = OrderId(new_id())
    first = await held(shop, order_id, BOLT=1)
    await shop.product().release([the_hold(first)])
    again = await held(shop, order_id, BOLT=1)
    assert the_hold(again) != the_hold(first)


async def test_a_hold_that_is_asked_for_while_it_is_being_released_waits_and_is_another_one(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    order_id = OrderId(new_id())
    first = the_hold(await held(shop, order_id, BOLT=1))
    gate = Gate()
    releasing = shop.begin(shop.product(UnsteadyDatabase(shop.product_database, before_commit=gate)).release([first]))
    await gate.reached()
    asking = shop.begin(held(shop, order_id, BOLT=1))
    await shop.product_waits()
    gate.open()
    await releasing
    again = await asking
    assert again.available
    assert the_hold(again) != first


async def test_a_release_that_is_repeated_gives_back_once(shop: Shop) -> None:
    await shop.stock(BOLT=3)
    first = the_hold(await held(shop, OrderId(new_id()), BOLT=1))
    await held(shop, OrderId(new_id()), BOLT=1)
    for _ in range(2):
        await shop.product().release([first, first, HoldId(new_id())])
    assert await shop.counters("BOLT") == (3, 1)


async def test_a_release_of_a_confirmed_hold_does_nothing(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    await shop.place(order("k", BOLT=1))
    await shop.created("k")
    await shop.product().release([await shop.hold_of("k")])
    assert await shop.counters("BOLT") == (1, 1), "the stock of a stored order was given back"


async def test_a_release_while_the_hold_is_being_confirmed_waits_and_does_nothing(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    await shop.place(order("k", BOLT=1))
    hold_id = await shop.hold_of("k")
    async with shop.product_database.transaction() as transaction:
        await shop.product_service().confirm(transaction, [hold_id])
        releasing = shop.begin(shop.product().release([hold_id]))
        await shop.product_waits()
    await releasing
    assert await shop.counters("BOLT") == (1, 1)


async def test_a_dispatch_books_out_of_a_confirmed_hold(shop: Shop) -> None:
    await shop.stock(BOLT=3)
    await shop.place(order("k", BOLT=2))
    await shop.created("k")
    await shop.dispatched("k")
    assert await shop.counters("BOLT") == (1, 0)
    assert list((await shop.holds()).values()) == ["closed"]


async def test_a_dispatch_that_is_heard_of_before_the_confirmation_of_the_hold_books_out(shop: Shop) -> None:
    await shop.stock(BOLT=3)
    await shop.place(order("k", BOLT=2))
    await shop.dispatched("k")
    assert await shop.counters("BOLT") == (1, 0), "what left is not booked out"
    assert list((await shop.holds()).values()) == ["closed"]


async def test_a_dispatch_that_is_heard_of_before_the_creation_of_the_order_books_out_once_and_the_hold_stays_closed(
    shop: Shop,
) -> None:
    await shop.stock(BOLT=3)
    await shop.place(order("k", BOLT=2))
    await shop.dispatched("k")
    await shop.created("k")
    assert list((await shop.holds()).values()) == ["closed"], "a closed hold is open again"
    assert await shop.counters("BOLT") == (1, 0)


async def test_what_has_left_is_neither_on_hand_nor_held_any_more(shop: Shop) -> None:
    await shop.stock(BOLT=2)
    await shop.place(order("k", BOLT=2))
    await shop.dispatched("k")
    assert told(await shop.place(order("other", BOLT=1))) == "product.out_of_stock"
    assert told(await shop.place(order("k", BOLT=2))) == "replayed"
