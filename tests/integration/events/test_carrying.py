"""A carrier that is played: every parcel goes its way on the clock, once, whoever else looks after it."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.carriers import ManualCarrier, SimulatedCarrier
from modules.delivery.port import Carrier, Parcel
from modules.delivery.service import Carrying, Reporting, Stepping
from modules.kernel.ids import ShipmentId, new_id
from tests.integration.events.parcels import history, placed, raced, stock
from tests.integration.events.whole import Whole

STEP = timedelta(minutes=1)


class Watch:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.time = datetime.now(UTC)

    def now(self) -> datetime:
        return self.time


class Played:
    """A carrier at work in a whole system, on a clock of its own; several are several replicas."""

    def __init__(self, whole: Whole, failed: float = 0, returned: float = 0, seed: int = 1) -> None:
        self.watch = Watch()
        database, outbox = whole.databases["delivery"], whole.container.delivery_outbox()
        carrier: Carrier = SimulatedCarrier(seed, STEP, failed, returned)
        self.carrying = Carrying(database, Reporting(database, Stepping(outbox, self.watch)), carrier, self.watch)

    async def a_step_later(self) -> int:
        self.watch.time += STEP
        return await self.carrying.turn()


FATES = {
    "arrives": (0, 0, "dispatched in_transit delivered"),
    "second attempt": (1, 0, "dispatched in_transit failed in_transit delivered"),
    "comes back": (0, 1, "dispatched in_transit failed returned"),
}


@pytest.mark.parametrize("name", FATES)
async def test_a_packed_parcel_goes_all_its_way_a_step_at_a_time(whole: Whole, name: str) -> None:
    failed, returned, way = FATES[name]
    order_id = await placed(whole, "packed")
    played = Played(whole, failed, returned)
    assert await played.carrying.turn() == 0, "its time had not come"
    steps = way.split()
    assert [await played.a_step_later() for _ in steps] == [1] * len(steps)
    assert [await played.a_step_later() for _ in range(3)] == [0, 0, 0]
    view = await whole.container.delivery().shipment(await whole.shipment(order_id))
    assert " ".join(step.to for step in view.history) == f"pending packed {way}"
    assert {step.actor for step in view.history[2:]} == {"carrier:simulated"}
    assert (view.carrier, str(view.tracking_code)[:4]) == ("simulated", "SIM-")
    await whole.come_to_rest()
    assert (await history(whole, order_id)).endswith(steps[-1])
    assert await stock(whole) == ((5 if returned else 3), 0)
    assert (await whole.faults(), await whole.unsettled()) == ([], 0)


async def test_what_is_not_packed_is_not_carried(whole: Whole) -> None:
    await placed(whole)
    assert await Played(whole).a_step_later() == 0


async def test_two_replicas_and_one_that_was_started_again_take_no_step_twice(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    one, other = Played(whole), Played(whole)
    for _ in range(5):
        await asyncio.gather(one.a_step_later(), other.a_step_later())
        await Played(whole).carrying.turn()
    view = await whole.container.delivery().shipment(await whole.shipment(order_id))
    assert [step.to for step in view.history] == ["pending", "packed", "dispatched", "in_transit", "delivered"]


async def test_two_replicas_that_tell_the_same_step_at_once_take_it_once(whole: Whole) -> None:
    order_id = await placed(whole, "packed")
    one, other = Played(whole), Played(whole)
    assert await raced(whole, one.a_step_later, other.a_step_later) == 1
    view = await whole.container.delivery().shipment(await whole.shipment(order_id))
    assert [step.to for step in view.history] == ["pending", "packed", "dispatched"]


async def test_replicas_of_different_minds_move_a_parcel_by_the_first_one_s_word(whole: Whole) -> None:
    order_id = await placed(whole, "packed", "dispatched", "in_transit")
    delivers, fails = Played(whole), Played(whole, failed=1)
    await raced(whole, delivers.a_step_later, fails.a_step_later)
    assert await fails.a_step_later() == 0
    view = await whole.container.delivery().shipment(await whole.shipment(order_id))
    assert view.history[-1].to == "delivered"


async def test_a_parcel_that_somebody_else_has_moved_goes_on_from_there(whole: Whole) -> None:
    order_id = await placed(whole, "packed", "dispatched", "failed")
    played = Played(whole)
    while await played.a_step_later():
        pass
    view = await whole.container.delivery().shipment(await whole.shipment(order_id))
    assert [step.to for step in view.history][-3:] == ["failed", "in_transit", "delivered"]


def test_what_becomes_of_a_parcel_is_decided_by_its_id_and_the_seed_and_shares_are_kept() -> None:
    now = datetime.now(UTC)
    parcels = [Parcel(ShipmentId(new_id()), "in_transit", now - STEP, 4, 0) for _ in range(2000)]

    def fates(seed: int) -> list[str]:
        told = [SimulatedCarrier(seed, STEP, 0.3, 0.1).news(parcel, now) for parcel in parcels]
        return [one.status for one in told if one is not None]

    assert fates(1) == fates(1)
    assert fates(1) != fates(2)
    assert 600 < fates(1).count("failed") < 1000
    assert fates(1).count("failed") + fates(1).count("delivered") == len(parcels)


def test_nobody_asks_a_carrier_that_tells_by_itself() -> None:
    now = datetime.now(UTC)
    manual: Carrier = ManualCarrier()
    assert manual.asked_every_s is None
    assert manual.news(Parcel(ShipmentId(new_id()), "packed", now - STEP, 2, 0), now) is None
