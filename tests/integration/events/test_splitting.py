"""A shipment that is split: both parts, the order and the stock agree, whoever else comes for the shipment meanwhile."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from modules.delivery.port import NotSplittable, ShipmentView, ShippedLine, WrongSplit
from modules.delivery.service.splitting import Splitting
from modules.kernel.clock import SystemClock
from modules.kernel.errors import NotReached, PreconditionFailed
from modules.kernel.idempotency import RequestKeyReused
from modules.kernel.ids import ClientId, OrderId
from modules.kernel.outbox import Outbox
from modules.sales.port import NotCancellable
from tests.integration.events.parcels import handling, history, placed, raced, reporting, stock
from tests.integration.events.whole import CUSTOMER, Whole
from tests.support.interleaving import UnsteadyDatabase

LINES = "SELECT part, sku, quantity FROM shipment JOIN shipment_line ON shipment_id = id ORDER BY part, sku"


async def lines(whole: Whole) -> list[tuple[int, str, int]]:
    """What is in each part, as delivery has it."""
    return [tuple(row) for row in await whole.rows("delivery", LINES)]


async def shown(whole: Whole, order_id: OrderId) -> dict[int, tuple[str, dict[str, int]]]:
    """Each part of an order, as its customer sees it."""
    order = await whole.container.orders().one(order_id, CUSTOMER)
    return {
        one.part: (one.status, {str(line["sku"]): int(str(line["quantity"])) for line in one.lines})
        for one in order.shipments
    }


async def splitting(whole: Whole, order_id: OrderId, key: str, bolts: int = 1) -> Callable[[], Awaitable[Any]]:
    """The warehouse splitting."""
    shipment = await whole.shipment(order_id)
    return lambda: whole.container.delivery().split("warehouse", shipment, [ShippedLine("BOLT", bolts)], key)


async def test_a_customer_sees_both_parts_and_every_line_once(whole: Whole) -> None:
    order_id = await placed(whole, bolts=3)
    await whole.split(order_id, BOLT=1)
    assert await shown(whole, order_id) == {1: ("pending", {"BOLT": 3})}
    await whole.come_to_rest()
    assert await shown(whole, order_id) == {1: ("pending", {"BOLT": 2}), 2: ("pending", {"BOLT": 1})}
    assert await history(whole, order_id) == "placed confirmed"
    assert (await whole.faults(), await whole.unsettled()) == ([], 0)


async def test_lines_and_pieces_of_lines_go_into_the_new_part_and_the_rest_stays(whole: Whole) -> None:
    await whole.stock(BOLT=5, NUT=5, RING=5)
    order_id = await whole.place("k", BOLT=3, NUT=2, RING=1)
    await whole.come_to_rest()
    await whole.split(order_id, BOLT=1, NUT=2)
    assert await lines(whole) == [(1, "BOLT", 2), (1, "RING", 1), (2, "BOLT", 1), (2, "NUT", 2)]
    await whole.split(order_id, 2, NUT=1)
    assert await lines(whole) == [(1, "BOLT", 2), (1, "RING", 1), (2, "BOLT", 1), (2, "NUT", 1), (3, "NUT", 1)]
    await whole.come_to_rest()
    assert [sum(inside.values()) for _, inside in (await shown(whole, order_id)).values()] == [3, 2, 1]
    assert await whole.faults() == []


async def test_a_packed_one_stays_packed_and_what_is_taken_out_has_to_be_packed_by_itself(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    await whole.split(order_id, BOLT=1)
    await whole.come_to_rest()
    assert {part: status for part, (status, _) in (await shown(whole, order_id)).items()} == {1: "packed", 2: "pending"}
    assert await history(whole, order_id) == "placed confirmed packed"
    await whole.report(order_id, "dispatched")
    await whole.come_to_rest()
    assert await stock(whole) == (4, 1)
    await whole.report_part(order_id, 2, "packed", "dispatched", "in_transit")
    await whole.come_to_rest()
    assert await stock(whole) == (3, 0)
    await whole.report_part(order_id, 2, "delivered")
    await whole.come_to_rest()
    await whole.report_part(order_id, 1, "in_transit", "delivered")
    await whole.come_to_rest()
    assert (await history(whole, order_id)).endswith("packed partially_shipped shipped partially_delivered delivered")
    assert await whole.faults() == []


async def test_the_new_part_begins_a_history_of_its_own_and_the_split_is_in_the_audit(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    old = await whole.shipment(order_id)
    new = await whole.container.delivery().split("warehouse", old, [ShippedLine("BOLT", 1)], "k")
    assert [(step.to, step.note, step.actor) for step in new.history] == [
        ("pending", "Split from part 1.", "warehouse")
    ]
    assert (new.order_id, new.part, new.version, new.lines) == (order_id, 2, 1, (ShippedLine("BOLT", 1),))
    left: ShipmentView = await whole.container.delivery().shipment(old)
    assert ([step.to for step in left.history], left.version) == (["pending", "packed"], 3)
    (noted,) = await whole.rows("delivery", "SELECT actor, action, subject, details FROM audit")
    assert tuple(noted)[:3] == ("warehouse", "shipment.split", str(old))
    assert noted.details == {"new": str(new.id), "lines": {"BOLT": 1}}


# refusals

NO_SPLITS: Mapping[str, tuple[dict[str, int], str]] = {
    "more than there is": ({"BOLT": 4}, "more_than_there_is"),
    "something else": ({"BOLT": 1, "NUT": 1}, "more_than_there_is"),
    "all of it": ({"BOLT": 3}, "nothing_stays"),
    "nothing of a line": ({"BOLT": 0}, "too_few"),
    "less than nothing": ({"BOLT": -1}, "too_few"),
    "nothing": ({}, "nothing_goes"),
}


@pytest.mark.parametrize("what", NO_SPLITS)
async def test_a_split_into_what_there_is_not_or_that_leaves_a_part_empty_is_refused(whole: Whole, what: str) -> None:
    order_id = await placed(whole, bolts=3)
    quantities, code = NO_SPLITS[what]
    with pytest.raises(WrongSplit) as refused:
        await whole.split(order_id, **quantities)
    assert [fault["code"] for fault in refused.value.details["errors"]] == [code]
    assert await lines(whole) == [(1, "BOLT", 3)]


async def test_the_same_sku_twice_is_added_up(whole: Whole) -> None:
    order_id = await placed(whole, bolts=3)
    shipment = await whole.shipment(order_id)
    twice = [ShippedLine("BOLT", 1), ShippedLine("BOLT", 1)]
    with pytest.raises(WrongSplit):
        await whole.container.delivery().split("warehouse", shipment, [*twice, *twice], "too-much")
    await whole.container.delivery().split("warehouse", shipment, twice, "k")
    assert await lines(whole) == [(1, "BOLT", 1), (2, "BOLT", 2)]


@pytest.mark.parametrize("status", ["dispatched", "in_transit", "delivered", "failed", "returned"])
async def test_what_has_left_is_not_split(whole: Whole, status: str) -> None:
    ways = {"failed": "packed dispatched failed", "returned": "packed dispatched failed returned"}
    way = ways.get(status, "packed dispatched in_transit delivered").split()
    order_id = await placed(whole, *way[: way.index(status) + 1])
    with pytest.raises(NotSplittable) as refused:
        await whole.split(order_id, BOLT=1)
    assert refused.value.details == {"current": status}


async def test_what_is_cancelled_is_not_split(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.cancel(order_id)
    await whole.come_to_rest()
    with pytest.raises(NotSplittable):
        await whole.split(order_id, BOLT=1)


async def test_an_order_goes_out_in_a_hundred_parts_at_most(whole: Whole) -> None:
    await whole.stock(BOLT=200)
    order_id = await whole.place("k", BOLT=200)
    await whole.come_to_rest()
    assert [await whole.split(order_id, BOLT=1) for _ in range(99)] == list(range(2, 101))
    with pytest.raises(NotSplittable, match="100 parts"):
        await whole.split(order_id, BOLT=1)
    await whole.come_to_rest()
    assert (len(await shown(whole, order_id)), await whole.faults()) == (100, [])


async def test_a_split_as_of_a_version_that_is_gone_is_refused(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    shipment, one = await whole.shipment(order_id), [ShippedLine("BOLT", 1)]
    with pytest.raises(PreconditionFailed) as refused:
        await whole.container.delivery().split_as_of(ClientId("warehouse"), shipment, one, 1, None)
    assert refused.value.details == {"version": 2}
    assert not (await whole.container.delivery().split_as_of(ClientId("warehouse"), shipment, one, 2, None)).replayed


# once


async def test_with_its_key_again_it_is_the_same_split(whole: Whole) -> None:
    order_id = await placed(whole, bolts=3)
    again = [await (await splitting(whole, order_id, "k"))() for _ in range(3)]
    assert again[1:] == again[:1] * 2
    assert await lines(whole) == [(1, "BOLT", 2), (2, "BOLT", 1)]
    with pytest.raises(RequestKeyReused):
        await (await splitting(whole, order_id, "k", bolts=2))()


async def test_two_with_one_key_at_once_are_one_split(whole: Whole) -> None:
    order_id = await placed(whole, bolts=3)
    outcome = await raced(whole, await splitting(whole, order_id, "k"), await splitting(whole, order_id, "k"))
    assert await lines(whole) == [(1, "BOLT", 2), (2, "BOLT", 1)], "one key has split twice"
    assert isinstance(outcome, ShipmentView)
    assert outcome.id == await whole.shipment(order_id, 2)


async def test_a_split_that_is_told_twice_leaves_an_order_with_each_line_once(whole: Whole) -> None:
    order_id = await placed(whole, bolts=3)
    await whole.split(order_id, BOLT=1)
    await whole.report_part(order_id, 2, "packed")
    await whole.come_to_rest()
    before = await shown(whole, order_id)
    await whole.set_back("sales", "delivery", order_id, 1)
    await whole.publish_again("delivery", 3)
    await whole.publish_again("delivery", 2)
    await whole.come_to_rest()
    assert await shown(whole, order_id) == before
    assert await whole.unsettled() == 0


async def test_a_split_that_comes_to_nothing_leaves_all_as_it_was(whole: Whole) -> None:
    order_id = await placed(whole, bolts=3)
    database = UnsteadyDatabase(whole.databases["delivery"], fails=True)
    splits = Splitting(database, Outbox(database), SystemClock())
    with pytest.raises(NotReached):
        await splits.split("warehouse", await whole.shipment(order_id), [ShippedLine("BOLT", 1)])
    assert await lines(whole) == [(1, "BOLT", 3)], "pieces went out of a part and into none"
    assert await whole.rows("delivery", "SELECT FROM outbox WHERE sequence > 1") == []


# who comes first


async def test_of_two_splits_at_once_the_second_sees_what_the_first_has_left(whole: Whole) -> None:
    order_id = await placed(whole, bolts=3)
    outcome = await raced(whole, await splitting(whole, order_id, "a", 2), await splitting(whole, order_id, "b", 2))
    assert isinstance(outcome, WrongSplit), "two splits took the same pieces"
    assert await lines(whole) == [(1, "BOLT", 1), (2, "BOLT", 2)]


async def test_two_splits_at_once_are_parts_of_their_own(whole: Whole) -> None:
    order_id = await placed(whole, bolts=3)
    outcome = await raced(whole, await splitting(whole, order_id, "a"), await splitting(whole, order_id, "b"))
    assert getattr(outcome, "part", outcome) == 3
    await whole.come_to_rest()
    assert await shown(whole, order_id) == {part: ("pending", {"BOLT": 1}) for part in (1, 2, 3)}


async def test_of_two_splits_at_once_none_makes_a_part_that_there_is(whole: Whole) -> None:
    order_id = await placed(whole, bolts=3)
    await raced(whole, await splitting(whole, order_id, "a"), await splitting(whole, order_id, "b"))
    parts = [row.part for row in await whole.rows("delivery", "SELECT part FROM shipment ORDER BY part")]
    assert parts == list(range(1, len(parts) + 1)), "an order has two parts of one number"


async def test_split_first_a_cancellation_that_waited_cancels_both_parts(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.cancel(order_id)
    assert await raced(whole, await splitting(whole, order_id, "k"), await handling(whole)) is None
    await whole.come_to_rest()
    assert await history(whole, order_id) == "placed confirmed cancelling cancelled"
    assert await shown(whole, order_id) == {part: ("cancelled", {"BOLT": 1}) for part in (1, 2)}
    assert (await stock(whole), await whole.faults()) == ((5, 0), [])


async def test_cancelled_first_a_split_that_waited_is_refused(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.cancel(order_id)
    outcome = await raced(whole, await handling(whole), await splitting(whole, order_id, "k"))
    assert isinstance(outcome, NotSplittable)
    assert outcome.details == {"current": "cancelled"}
    await whole.come_to_rest()
    assert (await stock(whole), await whole.faults()) == ((5, 0), [])


async def test_split_first_what_leaves_is_only_what_stayed(whole: Whole) -> None:
    order_id = await placed(whole, "packed", bolts=3)
    await raced(whole, await splitting(whole, order_id, "k"), await reporting(whole, order_id))
    (told,) = await whole.rows("delivery", "SELECT data FROM outbox WHERE data ->> 'to' = 'dispatched'")
    assert told.data["lines"] == [{"sku": "BOLT", "quantity": 2}], "a parcel left with what was taken out of it"
    await whole.come_to_rest()
    assert (await history(whole, order_id)).endswith("packed partially_shipped")
    assert (await stock(whole), await whole.faults()) == ((3, 1), [])


async def test_dispatched_first_a_split_that_waited_is_refused(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    outcome = await raced(whole, await reporting(whole, order_id), await splitting(whole, order_id, "k"))
    assert isinstance(outcome, NotSplittable)
    await whole.come_to_rest()
    assert (await stock(whole), await whole.faults()) == ((3, 0), [])


async def test_when_one_part_has_left_the_other_is_cancelled_and_the_order_goes_on(whole: Whole) -> None:
    order_id = await placed(whole, "packed", bolts=3)
    await whole.split(order_id, BOLT=1)
    await whole.come_to_rest()
    await whole.cancel(order_id)
    await whole.report(order_id, "dispatched")  # before delivery handles the request
    await whole.come_to_rest()
    assert await shown(whole, order_id) == {1: ("dispatched", {"BOLT": 2}), 2: ("cancelled", {"BOLT": 1})}
    assert await history(whole, order_id) == "placed confirmed packed cancelling packed shipped"
    assert (await stock(whole), await whole.faults()) == ((3, 0), [])
    await whole.report(order_id, "in_transit", "delivered")
    await whole.come_to_rest()
    assert (await history(whole, order_id)).endswith("shipped delivered")


async def test_an_order_of_which_a_part_has_left_is_not_cancelled_as_far_as_sales_knows(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    await whole.split(order_id, BOLT=1)
    await whole.report(order_id, "dispatched")
    await whole.come_to_rest()
    with pytest.raises(NotCancellable) as refused:
        await whole.cancel(order_id)
    assert refused.value.details["current"] == "partially_shipped"
