"""What became of what was promised: compares what a customer was told with what the modules have. No network in here."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.chaos.customer import Told
from app.doctor.invariants import Facts, judge
from modules.product.port import StockView
from modules.sales.port import OrderFact

FINAL = frozenset({"delivered", "cancelled"})


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that is not as promised, a sentence each."""

    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    oversold: tuple[str, ...]
    unfinished: tuple[str, ...]
    others: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """All of it."""
        return (*self.lost, *self.doubled, *self.oversold, *self.unfinished, *self.others)


def judged(told: Told, facts: Facts, began_with: Mapping[str, int], stock: Iterable[StockView]) -> Verdict:
    """Compare what was answered with orders, parcels and stock, all at rest; `began_with` is what was on hand then."""
    orders = {str(order.id): order for order in facts.orders}
    others = (*told.contradictions, *(fault for finding in judge(facts) for fault in finding.faults))
    return Verdict(
        lost=tuple(_lost(told, orders)),
        doubled=tuple(_doubled(told, facts, orders)),
        oversold=tuple(_oversold(facts, began_with, stock)),
        unfinished=tuple(_unfinished(facts)),
        others=others,
    )


def _lost(told: Told, orders: Mapping[str, OrderFact]) -> Iterator[str]:
    for key, order_id in told.placed.items():
        order = orders.get(order_id)
        if order is None:
            yield f"{key} was answered 201 as {order_id}, and there is no such order"
        elif dict(order.quantities) != dict(told.wanted[key]):
            yield f"{key} was answered 201, and order {order_id} has other lines"
        elif key in told.cancels and order.status not in FINAL:
            yield f"{key} was to be cancelled, and order {order_id} is {order.status}"


def _doubled(told: Told, facts: Facts, orders: Mapping[str, OrderFact]) -> Iterator[str]:
    known = set(told.placed.values())
    yield from (f"order {order_id} is stored, and nobody was told" for order_id in orders if order_id not in known)
    by_id = Counter(told.placed.values())
    yield from (f"order {order_id} answers {times} keys" for order_id, times in by_id.items() if times > 1)
    parts = Counter((str(one.order_id), one.part) for one in facts.shipments)
    yield from (f"part {part} of order {order_id} is there {n} times" for (order_id, part), n in parts.items() if n > 1)


def _oversold(facts: Facts, began_with: Mapping[str, int], stock: Iterable[StockView]) -> Iterator[str]:
    gone: Counter[str] = Counter()
    for parcel in facts.shipments:
        if parcel.status == "delivered":
            gone.update(parcel.quantities)
    for one in stock:
        left = began_with[one.sku] - gone[one.sku]
        if left < 0:
            yield f"{one.sku}: {gone[one.sku]} were delivered of {began_with[one.sku]}"
        if (one.on_hand, one.held) != (left, 0):
            yield f"{one.sku}: {one.on_hand} on hand and {one.held} held, where {left} are left and nothing is open"


def _unfinished(facts: Facts) -> Iterator[str]:
    for order in facts.orders:
        if order.status not in FINAL:
            yield f"order {order.id} is {order.status}, and nothing happens any more"
