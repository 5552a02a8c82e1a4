"""What must be true across modules, judged from what each says of itself. No database and no network in here."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from modules.delivery.port import ShipmentFact
from modules.product.port import HoldFact, StockFault
from modules.sales.port import OrderFact

GONE = frozenset({"dispatched", "in_transit", "delivered", "failed", "returned"})
"""A shipment in one of these has left the warehouse."""


class Remedy(StrEnum):
    """What may mend a fault, and never makes it worse."""

    SALES_TELLS = "sales tells again what became of the order"
    DELIVERY_TELLS = "delivery tells again what became of the order's parcels"
    RECOUNT = "product counts anew what movements add up to"


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
class Fault:
    """A case in which something is not true, in a sentence; `remedies` are of the order or SKU `about`."""

    sentence: str
    about: str = ""
    remedies: tuple[Remedy, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that must be true, how often it was looked at, and each case in which it is not."""

    what: str
    looked_at: int
    cases: tuple[Fault, ...]

    @property
    def holds(self) -> bool:
        """Whether it is true in every case."""
        return not self.cases

    @property
    def faults(self) -> tuple[str, ...]:
        """Each case in which it is not, as a sentence."""
        return tuple(case.sentence for case in self.cases)


def judge(facts: Facts) -> Sequence[Finding]:
    """Every invariant, with what speaks against it."""
    orders, shipments, holds = len(facts.orders), len(facts.shipments), len(facts.holds)
    return [
        Finding("every order has its shipments, each once", orders, tuple(_shipments(facts))),
        Finding("every shipment has its order", shipments, tuple(_orphans(facts))),
        Finding("an order is as far as its parcels", orders, tuple(_behind(facts))),
        Finding("every order has its hold, decided for it", orders, tuple(_undecided(facts))),
        Finding("what is held is what open orders need", holds, tuple(_holds(facts))),
        Finding("a cancelled order has no parcel", orders, tuple(_cancelled(facts))),
        Finding("counters are what movements add up to", holds, tuple(_counters(facts.stock))),
        Finding("histories have no gap", orders + shipments, tuple(_gaps([*facts.orders, *facts.shipments]))),
    ]


def _shipments(facts: Facts) -> Iterator[Fault]:
    parcels = _by_order(facts.shipments)
    for order in _at_rest(facts):
        mine = parcels.get(str(order.id), [])
        if not mine:
            yield Fault(f"order {order.id} ({order.status}) has no shipment", str(order.id), (Remedy.SALES_TELLS,))
        elif _total(one.quantities for one in mine) != Counter(order.quantities):
            yield Fault(f"order {order.id} is shipped with other lines than were ordered")


def _orphans(facts: Facts) -> Iterator[Fault]:
    known = {str(order.id) for order in facts.orders}
    for one in facts.shipments:
        if str(one.order_id) not in known:
            yield Fault(f"shipment {one.id} is of an order {one.order_id} that sales does not have")


def _behind(facts: Facts) -> Iterator[Fault]:
    parcels = _by_order(facts.shipments)
    for order in _at_rest(facts):
        mine = {str(one.part): one.status for one in parcels.get(str(order.id), [])}
        if mine and dict(order.parcels) != mine:  # an order without any is named elsewhere
            sentence = (
                f"sales knows the parcels of order {order.id} as {_listed(order.parcels)}, delivery as {_listed(mine)}"
            )
            yield Fault(sentence, str(order.id), (Remedy.DELIVERY_TELLS,))
        elif order.due:
            yield Fault(f"order {order.id} is {order.status}, and its parcels make it {order.due[-1]}")


def _undecided(facts: Facts) -> Iterator[Fault]:
    known = {str(hold.id) for hold in facts.holds}
    for order in facts.orders:
        if str(order.hold_id) not in known:
            yield Fault(f"order {order.id} was stored under a hold {order.hold_id} that product does not have")
        if not order.decided:
            yield Fault(f"order {order.id} was stored under a hold {order.hold_id} that is not decided for it")


def _holds(facts: Facts) -> Iterator[Fault]:
    parcels, orders = _by_order(facts.shipments), {str(order.hold_id): order for order in facts.orders}
    for hold in facts.holds:
        order = orders.get(str(hold.id))
        if hold.order_id in facts.under_way:
            continue
        if order is None:
            if hold.state == "confirmed":
                yield Fault(f"hold {hold.id} is confirmed, and no order was stored under it")
            continue
        gone = _total(one.quantities for one in parcels.get(str(order.id), []) if one.status in GONE | {"cancelled"})
        wanted = Counter(order.quantities) - gone
        if Counter(hold.held) != wanted:
            yield Fault(
                f"hold {hold.id} holds {dict(hold.held)} for order {order.id}, which still needs {dict(wanted)}",
                str(order.id),
                (Remedy.SALES_TELLS, Remedy.DELIVERY_TELLS),
            )


def _counters(faults: Sequence[StockFault]) -> Iterator[Fault]:
    for one in faults:
        sentence = f"{one.sku}: {one.what} is {one.counter}, its movements say {one.derived}"
        yield Fault(sentence, one.sku, (Remedy.RECOUNT,))


def _cancelled(facts: Facts) -> Iterator[Fault]:
    parcels = _by_order(facts.shipments)
    for order in _at_rest(facts):
        open_ = [one for one in parcels.get(str(order.id), []) if one.status != "cancelled"]
        if order.status == "cancelled" and open_:
            yield Fault(f"order {order.id} is cancelled, and its part {open_[0].part} is {open_[0].status}")
        if order.status == "cancelling":
            sentence = f"order {order.id} is to be cancelled, and delivery has said all that it will"
            yield Fault(sentence, str(order.id), (Remedy.SALES_TELLS, Remedy.DELIVERY_TELLS))


def _gaps(histories: Sequence[OrderFact | ShipmentFact]) -> Iterator[Fault]:
    for one in histories:
        name = "order" if isinstance(one, OrderFact) else "shipment"
        if len(one.history) != one.sequence:
            yield Fault(f"{name} {one.id} has {len(one.history)} steps, and the last is number {one.sequence}")
        elif one.history[-1] != one.status:
            yield Fault(f"{name} {one.id} is {one.status}, and its history ends in {one.history[-1]}")


def _at_rest(facts: Facts) -> Iterator[OrderFact]:
    return (order for order in facts.orders if order.id not in facts.under_way)


def _listed(parcels: Mapping[str, str]) -> str:
    return ", ".join(f"{part} {status}" for part, status in sorted(parcels.items())) or "none"


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
