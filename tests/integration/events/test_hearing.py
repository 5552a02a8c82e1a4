"""What carriers push, in whatever order it comes: each message counts once, and the parcel is where it is."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from modules.delivery.model import KEPT, MAX_WAITING
from modules.delivery.port import (
    AmbiguousTrackingCode,
    CarrierUpdate,
    Heard,
    IllegalTransition,
    MessageIdReused,
    NoSuchShipment,
    NothingToRestock,
    ShipmentView,
    StatusReport,
    TooEarly,
)
from modules.kernel.errors import Invalid, PreconditionFailed
from modules.kernel.ids import OrderId, ShipmentId, new_id
from tests.integration.events.parcels import handling, history, placed, raced, reporting, stock
from tests.integration.events.whole import Whole

BEGAN = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=12)


def at(minutes: int) -> datetime:
    """So many minutes into the parcel's day."""
    return BEGAN + timedelta(minutes=minutes)


async def say(
    whole: Whole, order_id: OrderId, status: str, minutes: int, id_: str | None = None, /, *, part: int = 1, **more: Any
) -> Heard:
    """Have the carrier push a step that a part of an order took."""
    shipment = more.pop("shipment_id", None) or await whole.shipment(order_id, part)
    update = CarrierUpdate(id_ or f"{status}-{minutes}", status, at(minutes), shipment, **more)
    heard: Heard = await whole.container.hearing().hear("gls", update)
    return heard


async def saying(
    whole: Whole, order_id: OrderId, status: str, minutes: int, id_: str, part: int = 1
) -> Callable[[], Awaitable[Any]]:
    """The carrier pushing."""
    shipment = await whole.shipment(order_id, part)
    return lambda: say(whole, order_id, status, minutes, id_, shipment_id=shipment)


async def shipment(whole: Whole, order_id: OrderId, part: int = 1) -> ShipmentView:
    view: ShipmentView = await whole.container.delivery().shipment(await whole.shipment(order_id, part))
    return view


async def way(whole: Whole, order_id: OrderId) -> str:
    """Every status that the first parcel had."""
    return " ".join(step.to for step in (await shipment(whole, order_id)).history)


async def outcomes(whole: Whole) -> dict[str, str]:
    """What each message came to."""
    rows = await whole.rows("delivery", "SELECT message_id, outcome FROM carrier_update ORDER BY received_at, at")
    return {row.message_id: row.outcome for row in rows}


async def test_what_a_carrier_says_is_a_step_of_the_history_and_reaches_the_customer(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    heard = await say(whole, order_id, "dispatched", 1, "m1", tracking_code="G-1", note="Collected.")
    assert (heard.outcome, heard.status, heard.replayed) == ("applied", "dispatched", False)
    view = await shipment(whole, order_id)
    step = view.history[-1]
    assert (step.to, step.at, step.note, step.actor) == ("dispatched", at(1), "Collected.", "carrier:gls")
    assert (view.carrier, view.tracking_code) == ("gls", "G-1")
    await whole.come_to_rest()
    (parcel,) = (await whole.container.orders().one(order_id)).shipments
    assert (parcel.status, parcel.carrier, parcel.tracking_code) == ("dispatched", "gls", "G-1")
    assert await whole.faults() == []


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_in_whatever_order_they_come_updates_take_the_same_steps(whole: Whole, order: tuple[int, ...]) -> None:
    order_id = await placed(whole, "packed")
    told = [("dispatched", 1), ("in_transit", 2), ("delivered", 3)]
    for number in order:
        await say(whole, order_id, *told[number])
    assert await way(whole, order_id) == "pending packed dispatched in_transit delivered"
    assert [step.at for step in (await shipment(whole, order_id)).history[2:]] == [at(1), at(2), at(3)]
    assert set((await outcomes(whole)).values()) == {"applied"}
    await whole.come_to_rest()
    assert (await history(whole, order_id)).endswith("packed shipped delivered")
    assert (await stock(whole), await whole.faults()) == ((3, 0), [])


TWICE = [("dispatched", 1), ("in_transit", 2), ("failed", 3), ("in_transit", 4), ("delivered", 5)]


async def test_a_second_attempt_ends_at_the_door_in_whatever_order_it_is_told(whole: Whole) -> None:
    orders = list(permutations(TWICE))
    await whole.stock(BOLT=len(orders))
    ids = [await whole.place(f"k{place}", BOLT=1) for place in range(len(orders))]
    await whole.come_to_rest()
    for order_id, told in zip(ids, orders, strict=True):
        await whole.report(order_id, "packed")
        for status, minutes in told:
            await say(whole, order_id, status, minutes, f"{order_id}-{minutes}")
        assert (await shipment(whole, order_id)).status == "delivered", told
    assert set((await outcomes(whole)).values()) == {"applied", "past"}, "something still waits"
    await whole.come_to_rest()
    assert (await stock(whole), await whole.faults()) == ((0, 0), [])


async def test_what_is_told_before_it_is_packed_waits_and_follows_the_warehouse(whole: Whole) -> None:
    order_id = await placed(whole)
    for status, minutes in (("delivered", 3), ("dispatched", 1), ("in_transit", 2)):
        heard = await say(whole, order_id, status, minutes)
        assert (heard.outcome, heard.status) == ("waiting", "pending")
    report = StatusReport("packed", at=at(0))
    view = await whole.container.delivery().report("warehouse", await whole.shipment(order_id), report)
    assert [step.actor for step in view.history] == ["sales", "warehouse", *["carrier:gls"] * 3]
    assert view.status == "delivered"
    assert set((await outcomes(whole)).values()) == {"applied"}
    await whole.come_to_rest()
    assert (await history(whole, order_id)).endswith("confirmed packed shipped delivered")
    assert await whole.faults() == []


async def test_what_was_told_by_another_already_is_past(whole: Whole) -> None:
    order_id = await placed(whole, "packed", "dispatched", "in_transit")
    assert (await say(whole, order_id, "dispatched", 1)).outcome == "past"
    assert (await say(whole, order_id, "packed", 0)).outcome == "past"
    assert await way(whole, order_id) == "pending packed dispatched in_transit"


async def test_a_failure_from_before_the_second_attempt_is_past(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    for status, minutes in (("dispatched", 1), ("in_transit", 4)):
        await say(whole, order_id, status, minutes)
    assert (await say(whole, order_id, "failed", 3)).outcome == "past"
    assert (await say(whole, order_id, "delivered", 5)).outcome == "applied"


async def test_of_repeated_scans_only_the_latest_waits_for_a_failure_and_is_the_second_attempt(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    for status, minutes in (("dispatched", 1), ("in_transit", 2)):
        await say(whole, order_id, status, minutes)
    for minutes in (10, 30, 20, *range(31, 100)):
        await say(whole, order_id, "in_transit", minutes)
    assert [id_ for id_, came_to in (await outcomes(whole)).items() if came_to == "waiting"] == ["in_transit-99"]
    await say(whole, order_id, "failed", 50)
    assert await way(whole, order_id) == "pending packed dispatched in_transit failed in_transit"
    assert (await shipment(whole, order_id)).history[-1].at == at(99)


async def test_what_contradicts_the_end_is_impossible_and_is_kept(whole: Whole) -> None:
    order_id = await placed(whole)
    await say(whole, order_id, "dispatched", 1)
    await whole.cancel(order_id)
    await whole.come_to_rest()
    assert await outcomes(whole) == {"dispatched-1": "impossible"}
    assert (await say(whole, order_id, "delivered", 2)).outcome == "impossible"
    assert await way(whole, order_id) == "pending cancelled"


async def test_what_comes_back_unfit_is_written_off_by_a_carrier_s_word(whole: Whole) -> None:
    order_id = await placed(whole, "packed", "dispatched")
    await say(whole, order_id, "failed", 1)
    await say(whole, order_id, "returned", 2, restock=False)
    await whole.come_to_rest()
    assert await stock(whole) == (3, 0)
    with pytest.raises(NothingToRestock):
        await say(whole, order_id, "delivered", 3, restock=True)


# whose parcel, and which


async def test_a_parcel_is_found_by_the_tracking_code_that_the_warehouse_reported(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    report = StatusReport("dispatched", carrier="GLS", tracking_code="G-1", at=at(0))
    await whole.container.delivery().report("warehouse", await whole.shipment(order_id), report)
    update = CarrierUpdate("m1", "in_transit", at(1), tracking_code="G-1")
    assert (await whole.container.hearing().hear("gls", update)).outcome == "applied"
    assert (await shipment(whole, order_id)).carrier == "GLS"
    with pytest.raises(NoSuchShipment):
        await whole.container.hearing().hear("dhl", update)
    with pytest.raises(NoSuchShipment):
        await whole.container.hearing().hear("gls", CarrierUpdate("m2", "delivered", at(2), tracking_code="G-2"))


async def test_a_tracking_code_of_two_parcels_names_none(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.split(order_id, BOLT=1)
    for part in (1, 2):
        report = StatusReport("packed", carrier="gls", tracking_code="G-1")
        await whole.container.delivery().report("warehouse", await whole.shipment(order_id, part), report)
    with pytest.raises(AmbiguousTrackingCode):
        await whole.container.hearing().hear("gls", CarrierUpdate("m1", "dispatched", at(1), tracking_code="G-1"))
    assert (await say(whole, order_id, "dispatched", 1, "m1", part=2)).outcome == "applied"


async def test_no_carrier_speaks_of_another_s_parcel_or_of_one_that_there_is_not(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    report = StatusReport("dispatched", carrier="DHL Express")
    await whole.container.delivery().report("warehouse", await whole.shipment(order_id), report)
    with pytest.raises(NoSuchShipment):
        await say(whole, order_id, "in_transit", 1)
    with pytest.raises(NoSuchShipment):
        await say(whole, order_id, "in_transit", 1, shipment_id=ShipmentId(new_id()))
    theirs = CarrierUpdate("m1", "in_transit", at(1), await whole.shipment(order_id))
    assert (await whole.container.hearing().hear("dhl_express", theirs)).outcome == "applied"


@pytest.mark.parametrize("days", [-31, 1])
async def test_what_is_older_than_a_month_or_has_not_happened_yet_is_refused(whole: Whole, days: int) -> None:
    order_id = await placed(whole, "packed")
    with pytest.raises(Invalid) as refused:
        await say(whole, order_id, "dispatched", days * 24 * 60 + 12 * 60)
    assert refused.value.details["errors"][0]["pointer"] == "/at"
    assert await outcomes(whole) == {}


async def test_what_is_weeks_late_is_heard(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    assert (await say(whole, order_id, "dispatched", -29 * 24 * 60)).outcome == "applied"


async def test_only_so_much_waits_and_the_rest_is_refused_until_it_does_not(whole: Whole) -> None:
    order_id = await placed(whole)
    for minutes in range(MAX_WAITING):
        assert (await say(whole, order_id, "in_transit", minutes)).outcome == "waiting"
    with pytest.raises(TooEarly):
        await say(whole, order_id, "delivered", 100, "last")
    await whole.report(order_id, "packed", "dispatched")
    assert (await say(whole, order_id, "delivered", 100, "last")).outcome == "applied"
    assert "waiting" not in (await outcomes(whole)).values()


async def test_messages_that_cannot_be_told_again_are_forgotten_and_no_others(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    for status, minutes in (("dispatched", 1), ("in_transit", 2), ("delivered", 3)):
        await say(whole, order_id, status, minutes)
    old = "UPDATE carrier_update SET received_at = now() - CAST(:kept AS interval) WHERE message_id <> 'delivered-3'"
    await whole.do("delivery", old, kept=KEPT)
    assert [await whole.container.hearing().forget(1) for _ in range(3)] == [1, 1, 0]
    assert await outcomes(whole) == {"delivered-3": "applied"}


# once


async def test_a_message_that_comes_again_has_the_answer_as_it_is_by_now(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    assert (await say(whole, order_id, "in_transit", 2, "m1")).outcome == "waiting"
    await whole.report(order_id, "dispatched")
    again = await say(whole, order_id, "in_transit", 2, "m1")
    assert (again.outcome, again.status, again.replayed) == ("applied", "in_transit", True)
    assert await way(whole, order_id) == "pending packed dispatched in_transit"


async def test_a_message_id_that_has_said_something_else_is_refused(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    await say(whole, order_id, "dispatched", 1, "m1")
    for status, minutes, note in (("in_transit", 1, None), ("dispatched", 2, None), ("dispatched", 1, "x")):
        with pytest.raises(MessageIdReused):
            await say(whole, order_id, status, minutes, "m1", note=note)
    assert (await say(whole, order_id, "dispatched", 1, "m1", secret_version=2)).replayed


async def test_one_message_that_comes_twice_at_once_is_one_step(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    again = await raced(
        whole,
        await saying(whole, order_id, "dispatched", 1, "m1"),
        await saying(whole, order_id, "dispatched", 1, "m1"),
        after="hear",
    )
    assert (again.outcome, again.replayed) == ("applied", True)
    assert await way(whole, order_id) == "pending packed dispatched"


async def test_one_message_id_for_two_parcels_at_once_counts_for_the_first(whole: Whole) -> None:
    await whole.stock(BOLT=5)
    one, other = [await whole.place(key, BOLT=1) for key in ("a", "b")]
    await whole.come_to_rest()
    for order_id in (one, other):
        await whole.report(order_id, "packed")
    outcome = await raced(
        whole,
        await saying(whole, one, "dispatched", 1, "m1"),
        await saying(whole, other, "dispatched", 1, "m1"),
        after="hear",
    )
    moved = [await way(whole, order_id) for order_id in (one, other)]
    assert moved == ["pending packed dispatched", "pending packed"], "one message has moved two parcels"
    assert isinstance(outcome, MessageIdReused)


# who comes first


async def test_of_two_reports_of_one_step_at_once_the_second_is_illegal(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    outcome = await raced(whole, await reporting(whole, order_id), await reporting(whole, order_id))
    assert isinstance(outcome, IllegalTransition), "two reports were one step each"
    assert outcome.details == {"current": "dispatched", "allowed": ["in_transit", "failed"]}
    assert await way(whole, order_id) == "pending packed dispatched"


async def test_of_two_reports_of_one_version_at_once_the_second_is_stale(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    id_, delivery = await whole.shipment(order_id), whole.container.delivery()
    report = StatusReport("dispatched", version=2)
    outcome = await raced(
        whole, lambda: delivery.report("warehouse", id_, report), lambda: delivery.report("carrier", id_, report)
    )
    assert isinstance(outcome, PreconditionFailed)
    assert outcome.details == {"version": 3}


async def test_the_warehouse_first_a_carrier_s_word_of_the_same_step_is_past(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    said = await saying(whole, order_id, "dispatched", 1, "m1")
    heard = await raced(whole, await reporting(whole, order_id), said)
    assert (heard.outcome, await way(whole, order_id)) == ("past", "pending packed dispatched")


async def test_the_carrier_first_a_report_of_the_same_step_is_illegal(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    said = await saying(whole, order_id, "dispatched", 1, "m1")
    outcome = await raced(whole, said, await reporting(whole, order_id))
    assert isinstance(outcome, IllegalTransition)
    assert await way(whole, order_id) == "pending packed dispatched"


async def test_a_step_told_early_while_what_it_waits_for_is_being_reported_is_taken(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    said = await saying(whole, order_id, "in_transit", 1, "m1")
    heard = await raced(whole, await reporting(whole, order_id), said)
    assert (heard.outcome, await way(whole, order_id)) == ("applied", "pending packed dispatched in_transit")


async def test_what_an_early_step_waits_for_that_is_reported_while_it_is_heard_takes_it_along(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    said = await saying(whole, order_id, "in_transit", 1, "m1")
    await raced(whole, said, await reporting(whole, order_id), after="hear")
    assert await way(whole, order_id) == "pending packed dispatched in_transit", (
        "a step that was told early is forgotten"
    )
    assert await outcomes(whole) == {"m1": "applied"}


async def test_cancelled_while_an_early_step_is_heard_it_can_t_happen_any_more(whole: Whole) -> None:
    order_id = await placed(whole)
    await whole.cancel(order_id)
    said = await saying(whole, order_id, "in_transit", 1, "m1")
    await raced(whole, said, await handling(whole), after="hear")
    assert await outcomes(whole) == {"m1": "impossible"}
    await whole.come_to_rest()
    assert (await stock(whole), await whole.faults()) == ((5, 0), [])
