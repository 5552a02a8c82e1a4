"""Even a cursor that was lost books nothing twice."""

from datetime import UTC, datetime

import orjson

from modules.delivery.port import ShipmentStatusUpdated, ShippedLine
from modules.kernel.events import Event, source_of
from modules.kernel.ids import HoldId, OrderId, ShipmentId, new_id
from tests.integration.events.whole import Whole


async def parcel(whole: Whole, order_id: OrderId, status: str, sequence: int) -> Event:
    """Delivery's word on a parcel that has one piece of the order in it."""
    (hold,) = await whole.rows("product", "SELECT hold_id FROM hold")
    (shipment,) = await whole.rows("delivery", "SELECT id FROM shipment")
    now = datetime.now(UTC)
    update = ShipmentStatusUpdated(
        order_id=order_id,
        hold_id=HoldId(hold.hold_id),
        shipment_id=ShipmentId(shipment.id),
        part=1,
        from_="packed",
        to=status,
        lines=(ShippedLine("BOLT", 1),),
        at=now,
    )
    return Event(
        new_id(), source_of("delivery"), update.TYPE, order_id, sequence, now, orjson.loads(orjson.dumps(update))
    )


async def on_hand(whole: Whole) -> int:
    (stock,) = await whole.rows("product", "SELECT on_hand FROM stock")
    return int(stock.on_hand)


async def test_a_parcel_that_leaves_and_comes_back_is_booked_once_each_however_often_it_is_told(whole: Whole) -> None:
    await whole.stock(BOLT=5)
    order_id = await whole.place("k", BOLT=4)
    await whole.come_to_rest()
    for status, sequence, left in (("dispatched", 2, 4), ("returned", 3, 5)):
        news = await parcel(whole, order_id, status, sequence)
        for _ in range(3):
            await whole.inbox("product").handle([news])
        assert await on_hand(whole) == left, f"a parcel was booked twice as {status}"


async def test_a_parcel_that_is_told_again_after_its_cursor_was_lost_is_booked_once(whole: Whole) -> None:
    await whole.stock(BOLT=5)
    order_id = await whole.place("k", BOLT=4)
    await whole.come_to_rest()
    news = await parcel(whole, order_id, "dispatched", 2)
    for _ in range(3):
        await whole.set_back("product", "delivery", order_id, 1)
        await whole.inbox("product").handle([news])
    assert await on_hand(whole) == 4, "a parcel was booked twice"
    assert await whole.parked("product") == {}


async def test_an_order_that_is_told_again_after_its_cursor_was_lost_has_one_shipment(whole: Whole) -> None:
    await whole.stock(BOLT=5)
    order_id = await whole.place("k", BOLT=4)
    for _ in range(3):
        await whole.come_to_rest()
        await whole.set_back("delivery", "sales", order_id, 0)
        await whole.publish_again("sales", 1)
    await whole.come_to_rest()
    assert len(await whole.rows("delivery", "SELECT FROM shipment")) == 1
    assert await whole.outgoing("delivery") == {1: "settled"}
