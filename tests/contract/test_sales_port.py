"""What sales means to product and to the relays, however it is reached."""

from uuid import UUID

import pytest

from modules.kernel import rpc
from modules.kernel.database import sql
from modules.kernel.errors import DeadlineExceeded
from modules.kernel.events import LastTold, Progress, source_of
from modules.kernel.ids import HoldId, new_id, order_id_for
from modules.sales.port import SalesPort, Settlement
from tests.contract.baskets import held_by, wants
from tests.contract.port_facts import same_again
from tests.support.interleaving import Gate, UnsteadyDatabase
from tests.support.orders import CUSTOMER, order, told
from tests.support.shop import Shop

STORED, VOID = Settlement.STORED, Settlement.VOID


async def stored(shop: Shop, key: str) -> HoldId:
    """The hold of an order that was placed."""
    await shop.stock(BOLT=9)
    assert told(await shop.place(order(key, BOLT=1))) == "placed"
    return await shop.hold_of(key)


async def count(shop: Shop, id_: UUID, events: int) -> None:
    """Have so many events of an order have been told."""
    async with shop.sales_database.transaction() as transaction:
        statement = sql('UPDATE "order" SET event_sequence = :events WHERE id = :id')
        await transaction.execute(statement, events=events, id=id_)


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


# the number of the last event


async def test_each_order_is_told_with_the_number_of_its_last_event_by_id_from_behind_one(
    sales: SalesPort, shop: Shop
) -> None:
    assert await same_again(lambda: sales.last_told(None, 10)) == []
    for key in ("one", "other"):
        await stored(shop, key)
    first, second = sorted(order_id_for(CUSTOMER, key) for key in ("one", "other"))
    await count(shop, second, 7)  # though none of them is in the outbox any more
    assert await same_again(lambda: sales.last_told(None, 10)) == [LastTold(first, 1), LastTold(second, 7)]
    assert await sales.last_told(None, 1) == [LastTold(first, 1)]
    assert await sales.last_told(first, 10**9) == [LastTold(second, 7)]
    assert await sales.last_told(second, 10) == []


async def test_an_event_is_counted_when_it_is_committed_and_not_before(sales: SalesPort, shop: Shop) -> None:
    await shop.stock(BOLT=9)
    slow = UnsteadyDatabase(shop.sales_database, before_commit=(gate := Gate()))
    placing = shop.begin(shop.place(order("k", BOLT=1), database=slow))
    await gate.reached()
    assert await sales.last_told(None, 10) == []
    gate.open()
    assert told(await placing) == "placed"
    assert await sales.last_told(None, 10) == [LastTold(order_id_for(CUSTOMER, "k"), 1)]


async def test_a_call_whose_time_is_over_decides_nothing(sales: SalesPort, shop: Shop) -> None:
    with rpc.deadline(0), pytest.raises(DeadlineExceeded):
        await sales.settle([HoldId(new_id())])
    assert await shop.decisions() == {}
