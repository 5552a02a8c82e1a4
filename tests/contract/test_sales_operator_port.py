"""What sales means to the operator, however it is reached."""

from collections.abc import AsyncIterator

import pytest

from modules.kernel.clock import SystemClock
from modules.kernel.ids import OrderId, new_id, order_id_for
from modules.kernel.money import Money
from modules.kernel.outbox import Outbox
from modules.sales.port import OrderFact, OrderNotFound, OrderView, SalesOperatorPort
from modules.sales.service import Cancelling, Orders, Watch
from tests.contract.port_adapters import Adapter
from tests.contract.port_facts import assert_frozen, same_again
from tests.support.orders import CUSTOMER, SHIP_TO, order, told
from tests.support.shop import Shop


@pytest.fixture
async def operator(adapter: Adapter, shop: Shop) -> AsyncIterator[SalesOperatorPort]:
    database = shop.sales_database
    watch = Watch(database)
    outbox = Outbox(database)
    orders = Orders(database, outbox, watch, Cancelling(database, outbox, SystemClock(), watch.tell))
    async with adapter.reach(SalesOperatorPort, orders, "sales") as port:  # type: ignore[type-abstract]  # read for its methods
        yield port


async def placed(shop: Shop, operator: SalesOperatorPort, key: str) -> OrderView:
    """An order of two bolts, as the operator sees it."""
    await shop.stock(BOLT=99)
    assert told(await shop.place(order(key, BOLT=2))) == "placed"
    return (await operator.order(order_id_for(CUSTOMER, key)))[0]


async def test_an_order_is_shown_with_its_lines_its_address_and_its_history(
    operator: SalesOperatorPort, shop: Shop
) -> None:
    before = await placed(shop, operator, "k")
    view, (step,) = await operator.order(before.id)
    assert await operator.order(before.id) == (view, [step])
    assert_frozen(view)
    assert (view.id, view.status, view.total) == (order_id_for(CUSTOMER, "k"), "placed", Money(200, "EUR"))
    assert [(line.sku, line.quantity, line.unit_price) for line in view.lines] == [("BOLT", 2, Money(100, "EUR"))]
    assert (view.ship_to, view.placed_at.utcoffset() is not None) == (SHIP_TO, True)
    assert (step.sequence, step.from_, step.to, step.at) == (1, None, "placed", view.placed_at)


async def test_an_order_that_there_is_not_is_not_found(operator: SalesOperatorPort) -> None:
    with pytest.raises(OrderNotFound) as refused:
        await operator.order(OrderId(new_id()))
    assert refused.value.code == "sales.order_not_found"


async def test_orders_are_shown_newest_first_by_status_and_from_behind_one(
    operator: SalesOperatorPort, shop: Shop
) -> None:
    one, two, three = [await placed(shop, operator, key) for key in ("one", "two", "three")]
    assert await same_again(operator.orders) == [three, two, one]
    assert await operator.orders(limit=1, after=(three.placed_at, three.id)) == [two]
    assert await operator.orders(status="placed", limit=2) == [three, two]
    assert await operator.orders("delivered") == []


async def test_facts_come_by_id_from_behind_one(operator: SalesOperatorPort, shop: Shop) -> None:
    made = sorted([await placed(shop, operator, key) for key in "ab"], key=lambda one: one.id)
    facts = await same_again(lambda: operator.facts(None, 10))
    assert [fact.id for fact in facts] == [view.id for view in made]
    assert facts[0] == OrderFact(
        made[0].id,
        CUSTOMER,
        "placed",
        facts[0].hold_id,
        {"BOLT": 2},
        ("placed",),
        1,
        made[0].placed_at,
    )
    assert {fact.hold_id for fact in facts} == set(await shop.holds())
    assert await operator.facts(None, 1) == facts[:1]
    assert await operator.facts(made[0].id, 10) == facts[1:]
    assert await operator.facts(made[1].id, 10) == []


async def test_the_events_of_an_order_are_told_again_and_no_others(operator: SalesOperatorPort, shop: Shop) -> None:
    one, other = await placed(shop, operator, "one"), await placed(shop, operator, "other")
    outbox = Outbox(shop.sales_database)
    await shop.rows(shop.sales_database, "UPDATE outbox SET state = 'settled', settled_at = now() RETURNING id")
    assert await outbox.take(10) == []
    assert await same_again(lambda: operator.tell_again("maria", [one.id, OrderId(new_id())])) == 1
    assert [event.subject for event in await outbox.take(10)] == [one.id]
    noted = await shop.rows(
        shop.sales_database, "SELECT DISTINCT actor, action, subject FROM audit WHERE subject = :id", id=str(one.id)
    )
    assert noted == [("maria", "tell_again", str(one.id))]
    assert other.id not in {event.subject for event in await outbox.take(10)}
