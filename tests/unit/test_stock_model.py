"""Who gets what when there is not enough: sums, and nothing else."""

from collections.abc import Mapping
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from modules.product.model import StockRow, demand, fingerprint, left, refusal
from modules.product.port import Line

SKUS = st.sampled_from(["BOLT", "NUT", "SCREW"])
BASKETS = st.lists(st.builds(Line, SKUS, st.integers(1, 9)), min_size=1, max_size=6)


def row(sku: str, on_hand: int, held: int = 0, *, active: bool = True) -> StockRow:
    return StockRow(sku, sku.title(), 100, "EUR", active, on_hand, held)


def shelves(**on_hand: int) -> Mapping[str, StockRow]:
    return {sku: row(sku, quantity) for sku, quantity in on_hand.items()}


def test_demand_adds_up_the_same_sku_and_keeps_the_order_asked() -> None:
    lines = [Line("NUT", 1), Line("BOLT", 2), Line("NUT", 3)]
    assert list(demand(lines).items()) == [("NUT", 4), ("BOLT", 2)]


@given(BASKETS)
def test_demand_asks_for_exactly_what_the_lines_ask_for(lines: list[Line]) -> None:
    wanted = demand(lines)
    assert sum(wanted.values()) == sum(line.quantity for line in lines)
    assert set(wanted) == {line.sku for line in lines}


@given(BASKETS, st.randoms(use_true_random=False))
def test_the_fingerprint_is_the_same_for_lines_in_another_order(lines: list[Line], random: Random) -> None:
    turned = list(lines)
    random.shuffle(turned)
    assert fingerprint(demand(turned)) == fingerprint(demand(lines))


@given(BASKETS, BASKETS)
def test_the_fingerprint_is_another_for_other_quantities(one: list[Line], other: list[Line]) -> None:
    same = demand(one) == demand(other)
    assert (fingerprint(demand(one)) == fingerprint(demand(other))) is same


def test_what_is_left_is_on_hand_without_what_is_held_and_what_the_batch_took() -> None:
    assert left(row("BOLT", on_hand=10, held=3), {"BOLT": 2, "NUT": 9}) == 5


def test_a_basket_that_is_there_to_the_last_piece_is_not_refused() -> None:
    assert refusal({"BOLT": 2, "NUT": 1}, shelves(BOLT=2, NUT=1), {}) is None


def test_a_basket_with_one_piece_too_many_is_out_of_stock() -> None:
    assert refusal({"BOLT": 2, "NUT": 2}, shelves(BOLT=2, NUT=1), {}) == "product.out_of_stock"


def test_a_basket_is_out_of_stock_by_what_others_of_the_batch_took() -> None:
    assert refusal({"BOLT": 1}, shelves(BOLT=2), {"BOLT": 2}) == "product.out_of_stock"


def test_an_unknown_sku_is_said_before_a_short_one() -> None:
    assert refusal({"BOLT": 9, "SCREW": 1}, shelves(BOLT=2), {}) == "product.unknown_sku"


def test_a_product_that_is_not_sold_any_more_is_unknown() -> None:
    assert refusal({"BOLT": 1}, {"BOLT": row("BOLT", 9, active=False)}, {}) == "product.unknown_sku"
