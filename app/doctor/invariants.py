"""What must be true across modules, judged from what each says of itself. No database and no network in here."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from modules.delivery.port import ShipmentFact
from modules.product.port import HoldFact, StockFault
from modules.sales.port import OrderFact

EXAMPLES = 5
GONE = frozenset({"dispatched", "in_transit", "delivered", "failed", "returned"})
"""A shipment in one of these has left the warehouse."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the modules say of themselves, read one after the other: an event may be on its way between."""

    orders: Sequence[OrderFact]
    shipments: Sequence[ShipmentFact]
    holds: Sequence[HoldFact]
    stock: Sequence[StockFault]
    under_way: frozenset[UUID] = frozenset()
    """Orders of which not everybody has heard everything yet: what the modules say of them may well differ."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must be true, how often it was looked at, and a sentence for each case in which it is not."""

    what: str
    looked_at: int
    faults: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether it is true in every case."""
        return not self.faults


def judge(facts: Facts) -> Sequence[Finding]:
    """Every invariant, with what speaks against it."""
    return [
        Finding("every order has its shipments, each once", len(facts.orders), tuple(_shipments(facts))),
        Finding("every shipment has its order", len(facts.shipments), tuple(_orphans(facts))),
        Finding("what is held is what open orders need", len(facts.holds), tuple(_holds(facts))),
        Finding("a cancelled order has no parcel", len(facts.orders), tuple(_cancelled(facts))),
        Finding("counters are what movements add up to", len(facts.holds), tuple(_counters(facts.stock))),
        Finding("histories have no gap", len(facts.orders), tuple(_gaps(facts.orders))),
    ]


def _shipments(facts: Facts) -> Iterator[str]:
    parcels = _by_order(facts.shipments)
    for order in facts.orders:
        if order.id in facts.under_way:
            continue
        mine = parcels.get(str(order.id), [])
        if not mine:
            yield f"order {order.id} ({order.status}) has no shipment"
        elif _total(one.quantities for one in mine) != Counter(order.quantities):
            yield f"order {order.id} is shipped with other lines than were ordered"


def _orphans(facts: Facts) -> Iterator[str]:
    known = {str(order.id) for order in facts.orders}
    for one in facts.shipments:
        if str(one.order_id) not in known:
            yield f"shipment {one.id} is of an order {one.order_id} that sales does not have"


def _holds(facts: Facts) -> Iterator[str]:
    parcels, orders = _by_order(facts.shipments), {str(order.hold_id): order for order in facts.orders}
    known = {str(hold.id) for hold in facts.holds}
    for hold in facts.holds:
        order = orders.get(str(hold.id))
        if hold.order_id in facts.under_way:
            continue
        if order is None:
            if hold.state == "confirmed":
                yield f"hold {hold.id} is confirmed, and no order was stored under it"
            continue
        gone = _total(one.quantities for one in parcels.get(str(order.id), []) if one.status in GONE | {"cancelled"})
        wanted = Counter(order.quantities) - gone
        if Counter(hold.held) != wanted:
            yield f"hold {hold.id} holds {dict(hold.held)} for order {order.id}, which still needs {dict(wanted)}"
    for order in facts.orders:
        if str(order.hold_id) not in known:
            yield f"order {order.id} was stored under a hold {order.hold_id} that product does not have"


def _counters(faults: Sequence[StockFault]) -> Iterator[str]:
    for one in faults:
        yield f"{one.sku}: {one.what} is {one.counter}, its movements say {one.derived}"


def _cancelled(facts: Facts) -> Iterator[str]:
    parcels = _by_order(facts.shipments)
    for order in facts.orders:
        if order.id in facts.under_way:
            continue
        open_ = [one for one in parcels.get(str(order.id), []) if one.status != "cancelled"]
        if order.status == "cancelled" and open_:
            yield f"order {order.id} is cancelled, and its part {open_[0].part} is {open_[0].status}"
        if order.status == "cancelling":
            yield f"order {order.id} is to be cancelled, and delivery has said all that it will"


def _gaps(orders: Sequence[OrderFact]) -> Iterator[str]:
    for order in orders:
        if len(order.history) != order.sequence:
            yield f"order {order.id} has {len(order.history)} steps, and the last is number {order.sequence}"
        elif order.history[-1] != order.status:
            yield f"order {order.id} is {order.status}, and its history ends in {order.history[-1]}"


def _by_order(shipments: Iterable[ShipmentFact]) -> Mapping[str, list[ShipmentFact]]:
    found: dict[str, list[ShipmentFact]] = defaultdict(list)
    for one in shipments:
        found[str(one.order_id)].append(one)
    return found


def _total(quantities: Iterable[Mapping[str, int]]) -> Counter[str]:
    total: Counter[str] = Counter()
    for one in quantities:
        total.update(one)
    return total
