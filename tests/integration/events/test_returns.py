"""What fails, goes out again, or comes back: fit to be sold again or not, each booked once however it is told."""

from collections.abc import Mapping, Sequence

import pytest
from dependency_injector import providers

from modules.delivery.port import ShipmentView, StatusKeyReused, StatusReport
from modules.kernel.ids import OrderId
from modules.product.service.shipping import NOT_FIT
from tests.integration.events.parcels import history, placed, raced, stock
from tests.integration.events.test_end_to_end import arrive
from tests.integration.events.unruly import Unruly
from tests.integration.events.whole import Whole

WAYS: Mapping[str, str] = {
    "after one failure": "packed dispatched failed returned",
    "on the way": "packed dispatched in_transit failed returned",
    "after a second attempt": "packed dispatched in_transit failed in_transit failed returned",
    "from the customer": "packed dispatched in_transit delivered returned",
}
RETURNS = "SELECT kind, quantity, on_hand_change, reason FROM stock_movement WHERE kind IN ('return', 'write_off')"


async def returned(whole: Whole, order_id: OrderId, *, restock: bool | None, note: str | None = None) -> ShipmentView:
    """Have a parcel come back."""
    report = StatusReport("returned", note=note, restock=restock, key="back")
    view: ShipmentView = await whole.container.delivery().report("warehouse", await whole.shipment(order_id), report)
    return view


async def booked(whole: Whole) -> list[tuple[object, ...]]:
    """The movements of what came back."""
    return [tuple(row) for row in await whole.rows("product", RETURNS)]


@pytest.mark.parametrize("name", WAYS)
@pytest.mark.parametrize("restock", [None, True, False], ids=["no word", "fit", "unfit"])
async def test_what_comes_back_is_in_stock_again_unless_it_is_not_fit(
    whole: Whole, name: str, *, restock: bool | None
) -> None:
    order_id = await placed(whole, *WAYS[name].split()[:-1])
    await returned(whole, order_id, restock=restock, note="a corner is dented")
    await whole.come_to_rest()
    fit = restock is not False
    kind = "return" if fit else "write_off"
    assert await booked(whole) == [(kind, 2, 2 * fit, "a corner is dented")]
    assert await stock(whole) == ((5 if fit else 3), 0)
    assert (await history(whole, order_id)).endswith("returned")
    assert (await whole.container.orders().history(order_id))[-1].reason == "a corner is dented"
    assert (await whole.faults(), await whole.unsettled()) == ([], 0)


async def test_a_write_off_of_which_nothing_was_noted_says_what_it_is(whole: Whole) -> None:
    order_id = await placed(whole, "packed", "dispatched", "failed")
    await returned(whole, order_id, restock=False)
    await whole.come_to_rest()
    assert await booked(whole) == [("write_off", 2, 0, NOT_FIT)]


async def test_only_the_part_that_is_not_fit_is_written_off(whole: Whole) -> None:
    order_id = await placed(whole, bolts=3)
    await whole.split(order_id, BOLT=1)
    await whole.report_part(order_id, 1, "packed", "dispatched", "in_transit", "delivered")
    await whole.report_part(order_id, 2, "packed", "dispatched", "failed")
    await returned(whole, order_id, restock=False)
    await whole.report_part(order_id, 2, "returned")
    await whole.come_to_rest()
    assert sorted(await booked(whole), key=str) == [("return", 1, 1, None), ("write_off", 2, 0, NOT_FIT)]
    assert await stock(whole) == (3, 0)
    assert await whole.faults() == []


async def test_a_second_attempt_that_arrives_is_delivered_and_nothing_comes_back(whole: Whole) -> None:
    order_id = await placed(whole, "packed", "dispatched", "in_transit", "failed", "in_transit", "delivered")
    await whole.come_to_rest()
    assert await history(whole, order_id) == "placed confirmed packed shipped delivery_failed shipped delivered"
    assert (await booked(whole), await stock(whole)) == ([], (3, 0))


async def test_the_key_of_a_return_does_not_stand_for_another_kind_of_return(whole: Whole) -> None:
    order_id = await placed(whole, "packed", "dispatched", "failed")
    first = await returned(whole, order_id, restock=False)
    assert await returned(whole, order_id, restock=False) == first
    for restock in (True, None):
        with pytest.raises(StatusKeyReused):
            await returned(whole, order_id, restock=restock)
    assert first.history[-1].restock is False


@pytest.mark.parametrize("first", [True, False], ids=["fit first", "unfit first"])
async def test_of_two_who_say_at_once_what_came_back_the_first_is_believed(whole: Whole, *, first: bool) -> None:
    order_id = await placed(whole, "packed", "dispatched", "failed")
    outcome = await raced(
        whole,
        lambda: returned(whole, order_id, restock=first),
        lambda: returned(whole, order_id, restock=not first),
    )
    assert isinstance(outcome, StatusKeyReused)
    await whole.come_to_rest()
    assert [kind for kind, *_ in await booked(whole)] == ["return" if first else "write_off"]


@pytest.mark.parametrize("restock", [True, False], ids=["fit", "unfit"])
async def test_told_again_after_a_cursor_was_lost_what_came_back_is_booked_once(whole: Whole, *, restock: bool) -> None:
    order_id = await placed(whole, "packed", "dispatched", "failed")
    await returned(whole, order_id, restock=restock)
    await whole.come_to_rest()
    for _ in range(2):
        await whole.set_back("product", "delivery", order_id, 4)
        await whole.publish_again("delivery", 5)
        await whole.come_to_rest()
    assert len(await booked(whole)) == 1
    assert await stock(whole) == ((5 if restock else 3), 0)


@pytest.mark.parametrize("seed", range(3))
async def test_returns_that_are_told_twice_late_and_in_any_order_are_booked_once_each(whole: Whole, seed: int) -> None:
    bus = Unruly(whole.container.bus(), seed)
    whole.container.bus.override(providers.Object(bus))
    await whole.stock(BOLT=100)
    plans = [(way.split(), restock) for way in WAYS.values() for restock in (True, False)]
    orders = [await whole.place(f"k{place}", BOLT=1) for place in range(len(plans))]
    await arrive(whole, bus)
    await walked(whole, orders, [way[:-1] for way, _ in plans])
    for order_id, (_, restock) in zip(orders, plans, strict=True):
        await returned(whole, order_id, restock=restock)
        await whole.relay()
    await arrive(whole, bus)
    assert sorted(str(kind) for kind, *_ in await booked(whole)) == ["return"] * len(WAYS) + ["write_off"] * len(WAYS)
    assert await stock(whole) == (100 - len(WAYS), 0)
    assert await whole.faults() == []


async def walked(whole: Whole, orders: Sequence[OrderId], ways: Sequence[Sequence[str]]) -> None:
    """Have each parcel go its way, and the relays run in between."""
    for order_id, way in zip(orders, ways, strict=True):
        await whole.report(order_id, *way)
        await whole.relay()
