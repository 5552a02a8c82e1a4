"""The oracle of a drill has eyes: each thing that could have gone wrong is called what it is."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.chaos.customer import Told
from app.chaos.drill import Outcome
from app.chaos.oracle import Verdict, judged
from app.doctor.invariants import Facts
from modules.delivery.port import ShipmentFact
from modules.kernel.ids import ClientId, HoldId, OrderId, ShipmentId, new_id
from modules.product.port import HoldFact, StockView
from modules.sales.port import OrderFact

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ORDER, HOLD, SHIPMENT = OrderId(new_id()), HoldId(new_id()), ShipmentId(new_id())
LINES = {"BOLT": 2}
HISTORY = ("placed", "confirmed", "packed", "shipped", "delivered")
BEGAN = {"BOLT": 5}

World = tuple[Told, Facts, list[StockView]]


def well() -> World:
    """One order of two of five bolts, at the door."""
    told = Told(wanted={"k": LINES}, placed={"k": str(ORDER)})
    order = OrderFact(ORDER, ClientId("shop"), "delivered", HOLD, LINES, HISTORY, 5, NOW, {"1": "delivered"})
    way = ("pending", "packed", "dispatched", "in_transit", "delivered")
    parcel = ShipmentFact(SHIPMENT, ORDER, 1, "delivered", LINES, way, 5)
    return told, Facts([order], [parcel], [HoldFact(HOLD, ORDER, "closed", {}, NOW)], []), [StockView("BOLT", 3, 0, 3)]


def verdict(world: World) -> Verdict:
    told, facts, stock = world
    return judged(told, facts, BEGAN, stock)


def _facts(world: World, **changes: object) -> World:
    return world[0], replace(world[1], **changes), world[2]  # type: ignore[arg-type]


def _order(world: World, **changes: object) -> World:
    return _facts(world, orders=[replace(world[1].orders[0], **changes)])  # type: ignore[arg-type]


def _also(world: World, **told: object) -> World:
    return replace(world[0], **told), *world[1:]  # type: ignore[arg-type]


ANOTHER = OrderId(new_id())
WRONG: dict[str, tuple[Callable[[World], World], str, str]] = {
    "an order is gone": (lambda one: _facts(one, orders=[], shipments=[], holds=[]), "lost", "there is no such order"),
    "other lines": (lambda one: _order(one, quantities={"BOLT": 1}), "lost", "has other lines"),
    "cancelled and forgotten": (
        lambda one: _order(_also(one, cancels={"k"}), status="cancelling"),
        "lost",
        "is cancelling",
    ),
    "an order nobody was told of": (lambda one: _also(one, placed={}), "doubled", "nobody was told"),
    "one order for two keys": (
        lambda one: _also(one, placed={"k": str(ORDER), "l": str(ORDER)}, wanted={"k": LINES, "l": LINES}),
        "doubled",
        "answers 2 keys",
    ),
    "a part twice": (
        lambda one: _facts(one, shipments=[*one[1].shipments, replace(one[1].shipments[0], id=ShipmentId(new_id()))]),
        "doubled",
        "is there 2 times",
    ),
    "more than there was": (
        lambda one: _facts(one, shipments=[replace(one[1].shipments[0], quantities={"BOLT": 6})]),
        "oversold",
        "6 were delivered of 5",
    ),
    "stock that left twice": (lambda one: (*one[:2], [StockView("BOLT", 1, 0, 1)]), "oversold", "where 3 are left"),
    "stock held for nobody": (lambda one: (*one[:2], [StockView("BOLT", 3, 1, 2)]), "oversold", "1 held"),
    "an order that is stuck": (lambda one: _order(one, status="shipped"), "unfinished", "nothing happens any more"),
    "a contradiction": (lambda one: _also(one, contradictions=["k is order 1, and order 2"]), "others", "k is order 1"),
    "what the doctor finds": (lambda one: _order(one, sequence=9), "others", "the last is number 9"),
}


def test_what_is_well_is_called_well() -> None:
    assert verdict(well()).faults == ()


@pytest.mark.parametrize("what", WRONG)
def test_what_is_wrong_is_called_what_it_is(what: str) -> None:
    spoil, kind, sentence = WRONG[what]
    found = verdict(spoil(well()))
    assert any(sentence in fault for fault in getattr(found, kind)), found


def test_a_run_that_was_answered_500_is_not_well_though_nothing_is_lost() -> None:
    well_, none = verdict(well()), 0
    assert Outcome(1, 1, 1, none, none, 0.1, well_).faults == ()
    (said,) = Outcome(1, 1, 1, none, 2, 0.1, well_).faults
    assert said.startswith("2 answers were a 500")
