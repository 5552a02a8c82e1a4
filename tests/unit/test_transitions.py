"""What may happen to an order and a shipment, what may not, and why: complete over every pair of statuses."""

import re
from collections.abc import Mapping, Sequence
from itertools import combinations_with_replacement
from typing import NamedTuple

import pytest

from modules.delivery import model as delivery
from modules.product.model import HOLD_STEPS, holds_before
from modules.sales import model as sales


class Told(NamedTuple):
    """What is told of a status, beside the steps of its machine."""

    steps: Mapping[str, tuple[str, ...]]
    status: str
    allowed: Sequence[str]
    reasons: Mapping[str, str]


def told_of(steps: Mapping[str, tuple[str, ...]], told: sales.OrderTransitions | delivery.ShipmentTransitions) -> Told:
    assert len(told.blocked) == len({one.to for one in told.blocked})
    return Told(steps, told.status, [one.to for one in told.allowed], {one.to: one.reason for one in told.blocked})


MODELS = {
    **{f"order {status}": told_of(sales.STEPS, sales.transitions(status, {})) for status in sales.STEPS},
    **{f"shipment {status}": told_of(delivery.STEPS, delivery.transitions(status)) for status in delivery.STEPS},
}


@pytest.mark.parametrize("name", MODELS)
def test_every_other_status_is_allowed_or_blocked_once_and_allowed_is_what_the_steps_say(name: str) -> None:
    told = MODELS[name]

    assert told.status == name.split()[1]
    assert sorted([*told.allowed, *told.reasons, told.status]) == sorted(told.steps)
    assert set(told.allowed) == set(told.steps[told.status])


@pytest.mark.parametrize("name", MODELS)
def test_every_block_has_a_short_sentence_that_says_why(name: str) -> None:
    for to, reason in MODELS[name].reasons.items():
        assert re.fullmatch(r"[A-Z][^.]{8,78}\.", reason), (to, reason)


def test_every_status_says_what_it_lacks_for_more() -> None:
    assert sales.LACKS.keys() == sales.STEPS.keys()
    assert delivery.LACKS.keys() == delivery.STEPS.keys()


def test_a_customer_may_cancel_as_long_as_the_order_is_cancellable_and_delivery_does_the_rest() -> None:
    for status in sales.STEPS:
        moves = {(move.to, move.by) for move in sales.transitions(status, {}).allowed}
        assert (("cancelling", "customer") in moves) is (status in sales.CANCELLABLE)
        assert {by for to, by in moves if to != "cancelling"} <= {"delivery"}


def test_the_order_alone_cancels_a_shipment_and_all_else_can_be_reported() -> None:
    for status in delivery.STEPS:
        moves = delivery.transitions(status).allowed
        reported = tuple(move.to for move in moves if move.by in {"warehouse", "carrier"})
        assert reported == tuple(to for to in delivery.STEPS if to in delivery.allowed(status))
        assert [move.to for move in moves if move.by == "the order"] == ["cancelled"] * (status in delivery.STOPPABLE)


def test_whatever_a_step_leads_to_has_one_who_brings_it_there() -> None:
    assert delivery.BROUGHT_BY.keys() == {to for steps in delivery.STEPS.values() for to in steps}


@pytest.mark.parametrize(
    ("status", "parts", "to", "reason"),
    [
        ("placed", {}, "packed", "Delivery has not opened a shipment yet."),
        ("placed", {}, "cancelled", "Cancelling has to be asked for first, and delivery decides."),
        ("confirmed", {1: "pending"}, "delivered", "Not all of it is packed yet."),
        ("packed", {1: "packed"}, "confirmed", "It is past that: it is packed."),
        ("cancelling", {1: "packed"}, "shipped", "It is being cancelled: delivery has to decide first."),
        ("shipped", {1: "dispatched"}, "cancelling", "It has left: part 1 is dispatched."),
        (
            "shipped",
            {2: "in_transit", 1: "delivered"},
            "cancelled",
            "It has left: part 1 is delivered, part 2 is in_transit.",
        ),
        ("partially_shipped", {1: "packed", 2: "dispatched"}, "cancelling", "It has left: part 2 is dispatched."),
        ("shipped", {1: "dispatched", 2: "cancelled"}, "cancelling", "It has left: part 1 is dispatched."),
        ("delivery_failed", {1: "failed"}, "delivered", "What failed has to be on its way again first."),
        ("delivered", {1: "delivered"}, "delivery_failed", "It was delivered: it can only come back."),
        ("cancelled", {1: "cancelled"}, "cancelling", "The order is over: it was cancelled."),
        ("returned", {1: "returned"}, "cancelled", "The order is over: it came back."),
    ],
)
def test_an_order_says_why_not(status: str, parts: dict[int, str], to: str, reason: str) -> None:
    assert {one.to: one.reason for one in sales.transitions(status, parts).blocked}[to] == reason


@pytest.mark.parametrize(
    ("status", "to", "reason"),
    [
        ("pending", "delivered", "It is not packed yet."),
        ("packed", "pending", "It is past that: it is packed."),
        ("dispatched", "cancelled", "It has left: it is dispatched."),
        ("in_transit", "returned", "It is still on its way."),
        ("failed", "delivered", "It has to be in transit again first."),
        ("delivered", "failed", "It was delivered: it can only come back."),
        ("cancelled", "packed", "It is over: it was cancelled."),
        ("returned", "cancelled", "It is over: it came back."),
    ],
)
def test_a_shipment_says_why_not(status: str, to: str, reason: str) -> None:
    assert {one.to: one.reason for one in delivery.transitions(status).blocked}[to] == reason


@pytest.mark.parametrize("number", [1, 2, 3])
def test_the_steps_that_parcels_make_an_order_take_were_allowed_and_by_delivery(number: int) -> None:
    for status in sales.STEPS:
        for parts in combinations_with_replacement(sorted(sales.OF_PART), number):
            here = status
            for step in sales.steps_to(status, parts):
                told = sales.transitions(here, dict(enumerate(parts, 1)))
                assert sales.OrderMove(step, "delivery") in told.allowed
                here = step


def test_nothing_is_said_to_be_past_that_could_still_come() -> None:
    """What is behind is reached by no way of steps, but where a cancelling is refused: that begins with a question."""
    for told in MODELS.values():
        reach: set[str] = set()
        open_ = [told.status]
        while open_:
            fresh = {to for to in told.steps[open_.pop()] if to != "cancelling"} - reach
            reach |= fresh
            open_ += fresh
        past = {to for to, reason in told.reasons.items() if reason.startswith("It is past that")}
        assert past & reach == set(), told.status


def test_a_hold_is_held_confirmed_closed_and_never_goes_back() -> None:
    assert {state: holds_before(state) for state in HOLD_STEPS} == {
        "held": (),
        "confirmed": ("held",),
        "closed": ("held", "confirmed"),
    }
