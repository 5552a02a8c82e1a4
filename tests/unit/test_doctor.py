"""What the doctor calls wrong, and what it does not."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.doctor.invariants import Facts, Remedy, judge
from app.doctor.repair import remedies
from app.doctor.topology import ModuleState
from modules.delivery.port import ShipmentFact
from modules.kernel.ids import ClientId, HoldId, OrderId, ShipmentId, new_id
from modules.product.port import HoldFact, StockFault
from modules.sales.port import OrderFact

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LINES = {"BOLT": 2, "NUT": 1}
ORDER, HOLD, SHIPMENT = OrderId(new_id()), HoldId(new_id()), ShipmentId(new_id())
NOBODYS = OrderId(new_id())


def well(status: str = "confirmed", parcel: str = "pending", held: Mapping[str, int] = LINES) -> Facts:
    """One order, as it should be."""
    order = OrderFact(ORDER, ClientId("shop"), status, HOLD, LINES, ("placed", status), 2, NOW, {"1": parcel})
    hold = HoldFact(HOLD, ORDER, "confirmed" if held else "closed", held, NOW)
    return Facts([order], [ShipmentFact(SHIPMENT, ORDER, 1, parcel, LINES, (parcel,), 1)], [hold], [])


def faults(facts: Facts) -> dict[str, tuple[str, ...]]:
    return {one.what: one.faults for one in judge(facts) if not one.holds}


@pytest.mark.parametrize(
    "facts",
    [
        Facts([], [], [], []),
        well(),
        well("shipped", "dispatched", {}),
        well("delivered", "delivered", {}),
        well("cancelled", "cancelled", {}),
    ],
    ids=["nothing", "open", "gone", "delivered", "cancelled"],
)
def test_what_is_well_is_called_well(facts: Facts) -> None:
    assert faults(facts) == {}


def _order(facts: Facts, **changes: object) -> Facts:
    return replace(facts, orders=[replace(facts.orders[0], **changes)])  # type: ignore[arg-type]


def _shipment(facts: Facts, **changes: object) -> Facts:
    return replace(facts, shipments=[replace(facts.shipments[0], **changes)])  # type: ignore[arg-type]


def _hold(facts: Facts, **changes: object) -> Facts:
    return replace(facts, holds=[replace(facts.holds[0], **changes)])  # type: ignore[arg-type]


ILL: dict[str, tuple[Callable[[Facts], Facts], str, str]] = {
    "no shipment": (lambda one: replace(one, shipments=[]), "every order has its shipments", "has no shipment"),
    "doubled shipment": (
        lambda one: replace(one, shipments=[*one.shipments, replace(one.shipments[0], id=ShipmentId(new_id()))]),
        "every order has its shipments",
        "other lines than were ordered",
    ),
    "other lines": (lambda one: _shipment(one, quantities={"BOLT": 2}), "every order has its shipments", "other lines"),
    "a shipment of no order": (lambda one: _shipment(one, order_id=NOBODYS), "every shipment has its order", "is of"),
    "too little held": (lambda one: _hold(one, held={"BOLT": 2}), "what is held", "still needs"),
    "held though it has left": (lambda one: _shipment(one, status="dispatched"), "what is held", "still needs {}"),
    "confirmed for nobody": (lambda one: _hold(one, id=HoldId(new_id())), "what is held", "no order was stored"),
    "no hold": (lambda one: replace(one, holds=[]), "every order has its hold", "that product does not have"),
    "no decision": (lambda one: _order(one, decided=False), "every order has its hold", "is not decided for it"),
    "a parcel that sales has not heard of": (
        lambda one: _order(one, parcels={}),
        "an order is as far as its parcels",
        "as none, delivery as 1 pending",
    ),
    "a parcel that sales thinks is elsewhere": (
        lambda one: _order(one, parcels={"1": "packed"}),
        "an order is as far as its parcels",
        "as 1 packed, delivery as 1 pending",
    ),
    "a step that was not taken": (
        lambda one: _order(one, due=("packed", "shipped")),
        "an order is as far as its parcels",
        "is confirmed, and its parcels make it shipped",
    ),
    "a gap of a shipment": (lambda one: _shipment(one, sequence=2), "histories have no gap", "the last is number 2"),
    "a counter": (
        lambda one: replace(one, stock=[StockFault("BOLT", "held", 3, 2)]),
        "counters",
        "BOLT: held is 3, its movements say 2",
    ),
    "a gap": (lambda one: _order(one, sequence=3), "histories have no gap", "2 steps, and the last is number 3"),
    "cancelled and shipped": (
        lambda one: _shipment(_order(one, status="cancelled", history=("placed", "cancelled")), status="packed"),
        "a cancelled order",
        "is cancelled, and its part 1 is packed",
    ),
    "cancelling for ever": (
        lambda one: _order(one, status="cancelling", history=("placed", "cancelling")),
        "a cancelled order",
        "is to be cancelled, and delivery has said all",
    ),
    "another end": (lambda one: _order(one, status="packed"), "histories have no gap", "its history ends in confirmed"),
}


@pytest.mark.parametrize("what", ILL)
def test_what_is_wrong_is_named(what: str) -> None:
    spoil, finding, sentence = ILL[what]
    found = faults(spoil(well()))
    (said,) = [faults for name, faults in found.items() if name.startswith(finding)]
    assert any(sentence in fault for fault in said)


@pytest.mark.parametrize("what", ["no shipment", "other lines", "too little held"])
def test_an_order_whose_events_are_under_way_is_not_judged_by_what_they_tell(what: str) -> None:
    facts = replace(ILL[what][0](well()), under_way=frozenset({ORDER}))
    assert faults(facts) == {}


MENDED: dict[str, Mapping[Remedy, list[str]]] = {
    "no shipment": {Remedy.SALES_TELLS: [str(ORDER)]},
    "a parcel that sales has not heard of": {Remedy.DELIVERY_TELLS: [str(ORDER)]},
    "too little held": {Remedy.SALES_TELLS: [str(ORDER)], Remedy.DELIVERY_TELLS: [str(ORDER)]},
    "a counter": {Remedy.RECOUNT: ["BOLT"]},
    "a gap": {},
    "no hold": {},
    "a shipment of no order": {Remedy.SALES_TELLS: [str(ORDER)]},
}


@pytest.mark.parametrize("what", MENDED)
def test_only_what_is_no_risk_is_offered_to_mend_it(what: str) -> None:
    assert remedies(judge(ILL[what][0](well()))) == MENDED[what]


def test_a_hold_without_an_order_is_no_fault_while_nobody_has_decided() -> None:
    hold = HoldFact(HoldId(new_id()), NOBODYS, "held", LINES, NOW)
    assert faults(replace(well(), holds=[*well().holds, hold])) == {}


GOOD = ModuleState("sales", "http://here", up=True, contract="same", schema="s2", schema_wanted="s2")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (GOOD, []),
        (replace(GOOD, up=False, contract="unknown"), ["sales is not ready at http://here"]),
        (replace(GOOD, contract="settle"), ["sales at http://here speaks another contract: settle"]),
        (replace(GOOD, schema="s1"), ["the database of sales is at s1, not s2: db upgrade"]),
        (replace(GOOD, lag={"dead": 2, "waiting": 1}), ["sales has 2 dead letters"]),
        (replace(GOOD, degraded={"bus": "away"}), ["sales is degraded by bus: away"]),
    ],
)
def test_a_module_is_well_when_it_is_up_understood_migrated_and_has_no_dead_letters(
    state: ModuleState, said: list[str]
) -> None:
    assert state.faults == said
