"""What sales means to product and to the relays, however it is reached."""

import pytest

from modules.kernel import rpc
from modules.kernel.errors import DeadlineExceeded
from modules.kernel.events import Progress, source_of
from modules.kernel.ids import HoldId, new_id, order_id_for
from modules.sales.port import SalesPort, Settlement
from tests.contract.baskets import held_by, wants
from tests.contract.port_facts import same_again
from tests.support.orders import CUSTOMER, order, told
from tests.support.shop import Shop

STORED, VOID = Settlement.STORED, Settlement.VOID


async def stored(shop: Shop, key: str) -> HoldId:
    """The hold of an order that was placed."""
    await shop.stock(BOLT=9)
    assert told(await shop.place(order(key, BOLT=1))) == "placed"
    return await shop.hold_of(key)


async def test_a_hold_with_an_order_is_stored_and_one_without_is_void_for_ever(sales: SalesPort, shop: Shop) -> None:
    mine, nobodys = await stored(shop, "k"), HoldId(new_id())
    assert await same_again(lambda: sales.settle([mine])) == [STORED]
    assert await same_again(lambda: sales.settle([nobodys])) == [VOID]
    decisions = await shop.decisions()
    assert decisions[nobodys] is None
    assert decisions[mine] is not None


async def test_a_batch_is_answered_in_order_one_word_per_hold(sales: SalesPort, shop: Shop) -> None:
    one, other = await stored(shop, "one"), await stored(shop, "other")
    unheard, again = HoldId(new_id()), HoldId(new_id())
    await sales.settle([again])
    batch = [unheard, other, again, one, unheard, other]
    assert await same_again(lambda: sales.settle(batch)) == [VOID, STORED, VOID, STORED, VOID, STORED]


async def test_an_empty_batch_has_an_empty_answer(sales: SalesPort) -> None:
    assert list(await sales.settle([])) == []


async def test_a_hold_that_was_settled_void_never_gets_an_order(sales: SalesPort, shop: Shop) -> None:
    await shop.stock(BOLT=1)
    request = order("k", BOLT=1)
    (void,) = held_by(await shop.product().availability([wants(order_id_for(CUSTOMER, "k"), BOLT=1)]))
    assert await sales.settle([void]) == [VOID]
    assert told(await shop.place(request)) == "placed"
    assert await shop.hold_of("k") != void
    assert await sales.settle([void, await shop.hold_of("k")]) == [VOID, STORED]


async def test_the_words_are_settlements(sales: SalesPort) -> None:
    (word,) = await sales.settle([HoldId(new_id())])
    assert isinstance(word, Settlement)


async def test_progress_of_an_empty_inbox_is_nothing_handled_and_nothing_parked(sales: SalesPort) -> None:
    nothing = Progress(handled={}, parked={}, at_end=False)
    assert await same_again(lambda: sales.progress(source_of("delivery"), [new_id()])) == nothing
    assert await sales.progress("urn:nobody", []) == nothing


async def test_a_call_whose_time_is_over_decides_nothing(sales: SalesPort, shop: Shop) -> None:
    with rpc.deadline(0), pytest.raises(DeadlineExceeded):
        await sales.settle([HoldId(new_id())])
    assert await shop.decisions() == {}
