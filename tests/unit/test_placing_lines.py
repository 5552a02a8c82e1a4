"""What sales asks product for crosses to wherever product is, however much the lines of an order add up to."""

from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from modules.kernel.ids import ClientId, new_id
from modules.product.model import demand
from modules.product.port import MAX_LINES, MAX_QUANTITY, AvailabilityRequest
from modules.sales.service import PlaceOrder
from modules.sales.service.attempt import Attempt
from modules.sales.service.placing import _request

QUANTITIES = st.lists(st.tuples(st.sampled_from(["TEA", "MUG"]), st.integers(1, MAX_QUANTITY)), min_size=1, max_size=50)
CROSSING = TypeAdapter(AvailabilityRequest)


@given(QUANTITIES)
@example([("TEA", MAX_QUANTITY)] * MAX_LINES)
@example([("TEA", MAX_QUANTITY), ("TEA", 1)])
def test_an_order_is_asked_for_in_lines_that_cross_and_add_up_to_it(ordered: list[tuple[str, int]]) -> None:
    wanted: Counter[str] = Counter()
    for sku, quantity in ordered:
        wanted[sku] += quantity
    order = PlaceOrder(ClientId(str(new_id())), None, "fingerprint", tuple(wanted.items()), ship_to={})

    asked = _request(Attempt(order, order.order_id))

    assert CROSSING.validate_json(CROSSING.dump_json(asked)) == asked
    assert demand(asked.lines) == wanted
    assert len(asked.lines) <= len(ordered)
