"""An order's steps, and what its parcels make of it."""

import json
from collections.abc import Sequence
from itertools import combinations, combinations_with_replacement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.kernel.idempotency import fingerprint
from modules.kernel.ids import ClientId, order_id_for
from modules.kernel.money import MAX_AMOUNT
from modules.sales.model import CANCELLABLE, FINAL, OF_PART, STEPS, resumed, steps_to, total_of

PARTS = st.lists(st.sampled_from(sorted(OF_PART)), min_size=1, max_size=4)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def reachable() -> set[str]:
    found, open_ = {"placed"}, ["placed"]
    while open_:
        fresh = set(STEPS[open_.pop()]) - found
        found |= fresh
        open_ += fresh
    return found


def test_every_status_is_reached_from_placed() -> None:
    assert reachable() == set(STEPS)


def test_every_step_leads_to_a_status() -> None:
    assert {after for steps in STEPS.values() for after in steps} <= set(STEPS)


def test_nothing_leaves_a_final_status_but_a_delivered_order_that_comes_back() -> None:
    assert {status: STEPS[status] for status in FINAL} == {"cancelled": (), "returned": (), "delivered": ("returned",)}


@pytest.mark.parametrize("status", sorted(STEPS))
def test_the_steps_are_legal_whatever_up_to_three_parcels_do_and_nothing_is_cancelled_on_the_way(status: str) -> None:
    for number in (1, 2, 3):
        for parts in combinations_with_replacement(sorted(OF_PART), number):
            steps = steps_to(status, parts)
            assert all(step in STEPS[before] for before, step in zip((status, *steps), steps, strict=False))
            assert len({status, *steps}) == len(steps) + 1
            assert "cancelling" not in steps
            assert steps_to((status, *steps)[-1], parts) == ()  # as far as they are, and no further


@given(st.sampled_from(sorted(STEPS)), PARTS)
def test_the_steps_do_not_depend_on_the_order_of_parcels(status: str, parts: list[str]) -> None:
    assert steps_to(status, sorted(parts)) == steps_to(status, parts)


@given(PARTS)
def test_an_order_that_is_being_cancelled_waits_until_every_parcel_is(parts: list[str]) -> None:
    assert steps_to("cancelling", parts) == (("cancelled",) if set(parts) == {"cancelled"} else ())


@pytest.mark.parametrize("before", sorted(CANCELLABLE))
def test_an_order_that_was_not_cancelled_goes_on_from_where_it_was(before: str) -> None:
    for number in (1, 2, 3):
        for parts in combinations_with_replacement(sorted(OF_PART), number):
            steps = resumed(before, parts)
            assert steps[0] == before
            assert all(step in STEPS[here] for here, step in zip(("cancelling", *steps), steps, strict=False))


def test_an_order_may_be_cancelled_until_something_of_it_has_left() -> None:
    assert {"placed", "confirmed", "packed"} == CANCELLABLE


def test_two_parcels_in_whatever_order_end_where_both_are() -> None:
    """Every interleaving of two parcels that go straight to the door: none gets stuck."""
    way = ("pending", "packed", "dispatched", "in_transit", "delivered")
    for firsts in combinations(range(2 * len(way) - 2), len(way) - 1):
        at, order = [0, 0], "confirmed"
        seen: list[str] = []
        for turn in range(2 * len(way) - 2):
            at[turn not in firsts] += 1
            steps = steps_to(order, [way[place] for place in at])
            seen += steps
            order = (order, *steps)[-1]
        assert order == "delivered"
        assert len(seen) == len(set(seen))


@pytest.mark.parametrize(
    ("status", "parts", "then"),
    [
        ("placed", ["pending"], "confirmed"),
        ("confirmed", ["packed"], "packed"),
        ("packed", ["dispatched"], "shipped"),
        ("shipped", ["in_transit"], None),
        ("shipped", ["delivered"], "delivered"),
        ("shipped", ["failed"], "delivery_failed"),
        ("delivery_failed", ["in_transit"], "shipped"),
        ("delivery_failed", ["returned"], "returned"),
        ("delivered", ["returned"], "returned"),
        ("placed", ["delivered"], "confirmed packed shipped delivered"),
        ("confirmed", ["cancelled"], None),
    ],
)
def test_an_order_of_one_parcel_follows_it(status: str, parts: Sequence[str], then: str | None) -> None:
    assert " ".join(steps_to(status, parts)) == (then or "")


@pytest.mark.parametrize(
    ("status", "parts", "then"),
    [
        ("confirmed", ["packed", "pending"], None),
        ("packed", ["dispatched", "packed"], "partially_shipped"),
        ("partially_shipped", ["in_transit", "dispatched"], "shipped"),
        ("shipped", ["delivered", "in_transit"], "partially_delivered"),
        ("partially_delivered", ["delivered", "delivered"], "delivered"),
        ("partially_delivered", ["delivered", "failed"], "delivery_failed"),
        ("partially_delivered", ["delivered", "returned"], "delivered"),
        ("packed", ["dispatched", "cancelled"], "shipped"),
        ("confirmed", ["delivered", "pending"], "packed partially_shipped"),
        ("partially_shipped", ["delivered", "dispatched"], "shipped partially_delivered"),
        ("partially_shipped", ["failed", "pending"], None),
        ("partially_shipped", ["failed", "delivered"], "shipped delivery_failed"),
        ("partially_shipped", ["delivered", "cancelled"], "shipped delivered"),
    ],
)
def test_an_order_of_two_parcels_is_as_far_as_both_together(
    status: str, parts: Sequence[str], then: str | None
) -> None:
    assert " ".join(steps_to(status, parts)) == (then or "")


@given(st.dictionaries(st.text(max_size=8), JSON, max_size=5))
def test_the_fingerprint_does_not_depend_on_the_order_of_members(body: dict[str, object]) -> None:
    assert fingerprint(dict(reversed(body.items()))) == fingerprint(body)


@given(JSON, JSON)
def test_the_fingerprint_tells_bodies_apart(one: object, other: object) -> None:
    assert (fingerprint(one) == fingerprint(other)) is (
        json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    )


def test_a_total_is_the_sum_of_quantities_times_prices() -> None:
    assert total_of([(2, 150), (1, 99)]) == 399


def test_a_total_may_be_as_large_as_an_amount_and_no_larger() -> None:
    assert total_of([(1, MAX_AMOUNT)]) == MAX_AMOUNT
    assert total_of([(1, MAX_AMOUNT), (1, 1)]) is None


@given(st.text(), st.text(), st.text(), st.text())
def test_a_client_and_a_key_name_one_order_and_no_other_pair_names_it(a: str, b: str, c: str, d: str) -> None:
    one, other = order_id_for(ClientId(a), b), order_id_for(ClientId(c), d)
    assert (one == other) is ((a, b) == (c, d))


def test_the_id_of_an_order_with_a_key_is_a_uuid_of_version_8() -> None:
    assert order_id_for(ClientId("customer"), "k").version == 8
