"""What the oracle of the load sees, and what it has nothing to say about: its eyes, tried without a system."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tests.system.demand import SINGLE, Demand, Outcome, demanded, faults, heard

DEMAND = demanded(400)


def _sold(demand: Demand) -> Outcome:
    """What becomes of it where everything is as it should be, one order after the other."""
    left, answers = Counter(demand.stock), list[tuple[str, Any]]()
    stored: dict[str, Mapping[str, int]] = {}
    for key in demand.sent:
        wanted, order_id = demand.orders[key], f"order of {key}"
        short = {sku: left[sku] for sku, quantity in wanted.items() if left[sku] < quantity}
        if order_id not in stored and short:
            lines = [{"sku": sku, "available_quantity": number} for sku, number in short.items()]
            answers.append((key, {"code": "product.out_of_stock", "lines": lines}))
            continue
        if order_id not in stored:
            left.subtract(wanted)
            stored[order_id] = wanted
        answers.append((key, {"id": order_id, "status": "placed"}))
    placed, refused, others = heard(answers)
    held = {sku: stock - left[sku] for sku, stock in demand.stock.items()}
    return Outcome(placed, refused, stored, demand.stock, held, others)


def _said(outcome: Outcome) -> str:
    return "; ".join(faults(DEMAND, outcome))


def test_there_is_half_of_what_is_wanted_by_the_piece() -> None:
    wanted = Counter(sku for order in DEMAND.orders.values() for sku in order if sku in SINGLE)

    assert wanted.total() == 200
    assert {sku: number // 2 for sku, number in wanted.items()} == {sku: DEMAND.stock[sku] for sku in wanted}


def test_the_oracle_has_nothing_to_say_where_all_is_well() -> None:
    assert _said(_sold(DEMAND)) == ""


def test_the_oracle_sees_one_piece_too_many() -> None:
    sold = _sold(DEMAND)
    key = next(key for key, _ in sold.short if set(DEMAND.orders[key]) <= set(SINGLE))
    more = {**sold.placed, key: {"another"}}

    assert "oversold" in _said(replace(sold, placed=more, stored={**sold.stored, "another": DEMAND.orders[key]}))


def test_the_oracle_sees_one_piece_too_few() -> None:
    sold = _sold(DEMAND)
    order_id = next(id_ for id_, quantities in sold.stored.items() if set(quantities) <= set(SINGLE))
    fewer = {id_: quantities for id_, quantities in sold.stored.items() if id_ != order_id}

    assert "were left though twice as many were wanted" in _said(replace(sold, stored=fewer))
    assert f"{order_id} and is stored as None" in _said(replace(sold, stored=fewer))


def test_the_oracle_sees_an_order_that_was_doubled() -> None:
    sold = _sold(DEMAND)
    key = next(iter(sold.placed))

    assert "answered with 2 orders" in _said(replace(sold, placed={**sold.placed, key: {f"order of {key}", "twin"}}))


def test_the_oracle_sees_an_order_that_nobody_was_told_of() -> None:
    sold = _sold(DEMAND)

    assert "never acknowledged" in _said(replace(sold, stored={**sold.stored, "stray": {"MIX-00": 1}}))


def test_the_oracle_sees_a_refusal_of_what_could_be_had() -> None:
    sold = _sold(DEMAND)
    key = next(iter(sold.placed))
    refused = replace(sold, short=[*sold.short, (key, dict(DEMAND.orders[key]))])

    assert "is enough for" in _said(refused)


def test_the_oracle_sees_an_order_that_was_given_up_though_it_could_be_had_to_the_end() -> None:
    sold = _sold(DEMAND)
    key = next(key for key, _ in sold.short if len(DEMAND.orders[key]) > 1)
    generous = replace(DEMAND, stock=dict.fromkeys(DEMAND.stock, 10_000))

    assert f"{key} was refused and could be had to the end" in "; ".join(faults(generous, sold))


def test_the_oracle_sees_stock_that_is_held_for_nobody() -> None:
    sold = _sold(DEMAND)

    assert "held, and" in _said(replace(sold, held={**sold.held, next(iter(sold.held)): 1000}))


def test_the_oracle_sees_an_answer_that_is_neither() -> None:
    sold = _sold(DEMAND)
    _, _, others = heard([("load-7-1", {"status": 503, "code": "unavailable"})])

    assert "was answered" in _said(replace(sold, others=others))
