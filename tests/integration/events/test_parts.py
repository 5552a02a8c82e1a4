"""Orders in several parts: whatever becomes of each, and whichever comes first, order and stock are what they make."""

from collections.abc import Iterator, Sequence
from itertools import chain, combinations_with_replacement, product, zip_longest
from typing import NamedTuple

import pytest
from dependency_injector import providers

from modules.kernel.ids import OrderId
from modules.sales.model import of_parts
from tests.integration.events.test_end_to_end import arrive
from tests.integration.events.unruly import Unruly
from tests.integration.events.whole import Whole

WAYS = {
    "arrives": "packed dispatched in_transit delivered",
    "second try": "packed dispatched failed in_transit delivered",
    "comes back": "packed dispatched in_transit failed returned",
    "regretted": "packed dispatched in_transit delivered returned",
}
ON_HAND = 1000
BOOKED = "SELECT kind, sum(quantity) AS pieces FROM stock_movement WHERE kind IN ('ship', 'return') GROUP BY kind"
HISTORIES = """
    SELECT t.order_id AS id, o.status, array_agg(t.sequence ORDER BY t.sequence) AS numbers,
        array_agg(t.to_status ORDER BY t.sequence) AS statuses
    FROM order_transition t JOIN "order" o ON o.id = t.order_id GROUP BY t.order_id, o.status
"""


class Step(NamedTuple):
    part: int
    status: str


Plan = Sequence[Step]


def one_after_the_other(ways: Sequence[str]) -> Plan:
    """Each part has come to its end before the next one begins."""
    return [Step(part, status) for part, way in enumerate(ways, 1) for status in WAYS[way].split()]


def side_by_side(ways: Sequence[str]) -> Plan:
    """The parts take turns."""
    rounds = zip_longest(*([Step(part, status) for status in WAYS[way].split()] for part, way in enumerate(ways, 1)))
    return [step for step in chain.from_iterable(rounds) if step is not None]


PLANS = {
    "two, one after the other": [one_after_the_other(ways) for ways in product(WAYS, repeat=2)],
    "two, side by side": [side_by_side(ways) for ways in product(WAYS, repeat=2)],
    "three, one after the other": [one_after_the_other(ways) for ways in product(WAYS, repeat=3)],
    "three, side by side": [side_by_side(ways) for ways in combinations_with_replacement(WAYS, 3)],
}
"""Every way of each part with every way of the others, in every order in which they can end."""


async def split_up(whole: Whole, plans: Sequence[Plan]) -> list[OrderId]:
    """An order for each plan, of as many parts, a piece in each."""
    await whole.stock(BOLT=ON_HAND)
    numbers = [max(step.part for step in plan) for plan in plans]
    orders = [await whole.place(f"k{place}", BOLT=number) for place, number in enumerate(numbers)]
    await whole.come_to_rest()
    for order_id, number in zip(orders, numbers, strict=True):
        for _ in range(number - 1):
            await whole.split(order_id, BOLT=1)
    return orders


def rounds(plans: Sequence[Plan]) -> Iterator[list[tuple[int, Step]]]:
    """One step of every plan that is not over, then the next."""
    for steps in zip_longest(*plans):
        yield [(place, step) for place, step in enumerate(steps) if step is not None]


async def statuses(whole: Whole) -> dict[OrderId, str]:
    """What each order is; its history has no gap and ends there."""
    found = await whole.rows("sales", HISTORIES)
    for row in found:
        assert row.numbers == list(range(1, len(row.numbers) + 1))
        assert row.status == row.statuses[-1]
    return {row.id: row.status for row in found}


def ends(plan: Plan) -> set[str]:
    """Where the parts of a plan end."""
    return {status for _, status in {step.part: step for step in plan}.values()}


async def all_is_told(whole: Whole, plans: Sequence[Plan], orders: Sequence[OrderId]) -> None:
    """Orders end as their parts did, stock has what is not at a customer's, and all modules agree."""
    now = await statuses(whole)
    for plan, order_id in zip(plans, orders, strict=True):
        assert now[order_id] == ("returned" if ends(plan) == {"returned"} else "delivered")
    taken = [step.status for plan in plans for step in plan]
    booked = {row.kind: row.pieces for row in await whole.rows("product", BOOKED)}
    assert booked == {"ship": taken.count("dispatched"), "return": taken.count("returned")}
    ((on_hand, held),) = await whole.rows("product", "SELECT on_hand, held FROM stock")
    assert (on_hand, held) == (ON_HAND - taken.count("dispatched") + taken.count("returned"), 0)
    assert (await whole.faults(), await whole.unsettled()) == ([], 0)


@pytest.mark.parametrize("name", PLANS)
async def test_an_order_is_at_every_moment_what_all_its_parts_make_it(whole: Whole, name: str) -> None:
    plans = PLANS[name]
    orders = await split_up(whole, plans)
    parts = {
        id_: dict.fromkeys({step.part for step in plan}, "pending") for id_, plan in zip(orders, plans, strict=True)
    }
    for steps in rounds(plans):
        for place, step in steps:
            await whole.report_part(orders[place], step.part, step.status)
            parts[orders[place]][step.part] = step.status
        await whole.come_to_rest()
        assert await statuses(whole) == {id_: of_parts(list(now.values())) for id_, now in parts.items()}
        assert await whole.faults() == []
    await all_is_told(whole, plans, orders)


@pytest.mark.parametrize("seed", range(3))
async def test_parts_whose_events_come_twice_late_and_in_any_order_end_in_the_same(whole: Whole, seed: int) -> None:
    bus = Unruly(whole.container.bus(), seed)
    whole.container.bus.override(providers.Object(bus))
    plans = [side_by_side(ways) for ways in combinations_with_replacement(WAYS, 2)]
    await whole.stock(BOLT=ON_HAND)
    orders = [await whole.place(f"k{place}", BOLT=2) for place in range(len(plans))]
    await arrive(whole, bus)
    for order_id in orders:
        await whole.split(order_id, BOLT=1)
    for steps in rounds(plans):
        for place, step in steps:
            await whole.report_part(orders[place], step.part, step.status)
        await whole.relay()
    await arrive(whole, bus)
    await all_is_told(whole, plans, orders)
