"""What each event does to each of its subscribers, in each way that it can go.

`before` and `after` are what the subscriber knows: sales the order and its parcel, product the hold with what is on hand
and held, delivery the shipment. A cell is where the cursor is then, and what became of the event: settled, or parked in
this state, and so not settled.

- handled: it has its effect.
- ignored: it has none, because the module has no use for it, or because it comes again and the cursor was lost.
- waiting: the event before it is missing.
- parked: its handler raised.
- dead: its handler raised eight times.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from app.settings import MODULES
from modules.delivery.model import REPORTED
from modules.delivery.port import ShipmentStatusUpdated

TABLE = """
event                               subscriber  before                  after                   handled    ignored    waiting    parked      dead
order.created                       delivery    -                       pending                 1:settled  1:settled  never      0:retrying  0:dead
order.created                       product     held,5/2                confirmed,5/2           1:settled  1:settled  never      0:retrying  0:dead
order.cancel_requested              delivery    pending                 cancelled               2:settled  2:settled  0:waiting  1:retrying  1:dead
order.cancel_requested              product     confirmed,5/2           confirmed,5/2           never      2:settled  0:waiting  never       never
shipment.opened                     sales       placed,-                confirmed,pending       1:settled  1:settled  never      0:retrying  0:dead
shipment.opened                     product     confirmed,5/2           confirmed,5/2           never      1:settled  never      never       never
shipment.split                      sales       confirmed,pending       confirmed,pending+pending 2:settled  2:settled  0:waiting  1:retrying  1:dead
shipment.split                      product     confirmed,5/2           confirmed,5/2           never      2:settled  0:waiting  never       never
shipment.status_updated:packed      sales       confirmed,pending       packed,packed           2:settled  2:settled  0:waiting  1:retrying  1:dead
shipment.status_updated:packed      product     confirmed,5/2           confirmed,5/2           never      2:settled  0:waiting  1:retrying  1:dead
shipment.status_updated:dispatched  sales       packed,packed           shipped,dispatched      3:settled  3:settled  1:waiting  2:retrying  2:dead
shipment.status_updated:dispatched  product     confirmed,5/2           closed,3/0              3:settled  3:settled  1:waiting  2:retrying  2:dead
shipment.status_updated:in_transit  sales       shipped,dispatched      shipped,in_transit      4:settled  4:settled  2:waiting  3:retrying  3:dead
shipment.status_updated:in_transit  product     closed,3/0              closed,3/0              never      4:settled  2:waiting  3:retrying  3:dead
shipment.status_updated:delivered   sales       shipped,in_transit      delivered,delivered     5:settled  5:settled  3:waiting  4:retrying  4:dead
shipment.status_updated:delivered   product     closed,3/0              closed,3/0              never      5:settled  3:waiting  4:retrying  4:dead
shipment.status_updated:failed      sales       shipped,dispatched      delivery_failed,failed  4:settled  4:settled  2:waiting  3:retrying  3:dead
shipment.status_updated:failed      product     closed,3/0              closed,3/0              never      4:settled  2:waiting  3:retrying  3:dead
shipment.status_updated:returned    sales       delivery_failed,failed  returned,returned       5:settled  5:settled  3:waiting  4:retrying  4:dead
shipment.status_updated:returned    product     closed,3/0              closed,5/0              5:settled  5:settled  3:waiting  4:retrying  4:dead
shipment.cancelled                  sales       cancelling,pending      cancelled,cancelled     2:settled  2:settled  0:waiting  1:retrying  1:dead
shipment.cancelled                  product     confirmed,5/2           closed,5/0              2:settled  2:settled  0:waiting  1:retrying  1:dead
shipment.cancel_refused             sales       cancelling,dispatched   shipped,dispatched      4:settled  4:settled  2:waiting  3:retrying  3:dead
shipment.cancel_refused             product     closed,3/0              closed,3/0              never      4:settled  2:waiting  never       never
"""

OUTCOMES = ("handled", "ignored", "waiting", "parked", "dead")

WAYS: Mapping[str, Sequence[str]] = {
    "packed": ("packed",),
    "dispatched": ("packed", "dispatched"),
    "in_transit": ("packed", "dispatched", "in_transit"),
    "delivered": ("packed", "dispatched", "in_transit", "delivered"),
    "failed": ("packed", "dispatched", "failed"),
    "returned": ("packed", "dispatched", "failed", "returned"),
}
"""How a shipment comes to report each status."""

SPLIT = "shipment.split"

CANCELLED_BY: dict[str, int] = {"order.cancel_requested": 2, "shipment.cancelled": 2, "shipment.cancel_refused": 4}
"""The events of an order that is cancelled, and the number of each in its source."""


@dataclass(frozen=True)
class Row:
    """One event, one subscriber, one outcome."""

    event: str
    subscriber: str
    outcome: str
    before: str
    after: str
    cell: str

    def __str__(self) -> str:
        return f"{self.event} {self.subscriber} {self.outcome}"

    @property
    def kind(self) -> str:
        """The event without the status that it tells of."""
        return self.event.partition(":")[0]

    @property
    def way(self) -> Sequence[str]:
        """What the carrier has to report for it, the event itself included."""
        return WAYS.get(self.event.partition(":")[2], ())

    @property
    def emitter(self) -> str:
        return "sales" if self.kind.startswith("order.") else "delivery"

    @property
    def sequence(self) -> int:
        """Its number: an order's first event tells that it was created, a parcel's that it was opened."""
        return (CANCELLED_BY | {SPLIT: 2}).get(self.kind, len(self.way) + 1)

    @property
    def type(self) -> str:
        return next(type_ for type_ in declared() if self.kind in type_)

    @property
    def cursor(self) -> int:
        return int(self.cell.partition(":")[0])

    @property
    def parked(self) -> Mapping[int, str]:
        """What is parked: its state and how often it was tried."""
        attempts = {"settled": None, "waiting": 0, "retrying": 1, "dead": 8}[self.cell.partition(":")[2]]
        return {} if attempts is None else {self.sequence: f"{self.cell.partition(':')[2]} {attempts}"}

    @property
    def settled(self) -> bool:
        return self.cell.endswith("settled")


def rows() -> Sequence[Row]:
    """The table, a row for each of its cells."""
    lines = [line.split() for line in TABLE.strip().splitlines()[1:]]
    return [
        Row(event, subscriber, outcome, before, after, cell)
        for event, subscriber, before, after, *cells in lines
        for outcome, cell in zip(OUTCOMES, cells, strict=True)
    ]


def declared() -> Mapping[str, str]:
    """Every type of event that a port declares, and the module that emits it."""
    return {
        thing.TYPE: module
        for module in MODULES
        for thing in vars(import_module(f"modules.{module}.port")).values()
        if isinstance(thing, type) and hasattr(thing, "TYPE") and thing.__module__ == f"modules.{module}.port"
    }


def expected() -> set[tuple[str, str]]:
    """Every event with every status it can tell of, and each of its subscribers."""
    consumers = {
        module: import_module(f"modules.{module}.consumer").SOURCES for module in ("sales", "delivery", "product")
    }
    found = set()
    for type_, emitter in declared().items():
        name = type_.removeprefix("waybill.").removesuffix(".v1")
        statuses = sorted(REPORTED) if type_ == ShipmentStatusUpdated.TYPE else [""]
        found |= {
            (f"{name}:{status}".removesuffix(":"), module)
            for module, sources in consumers.items()
            if emitter in sources
            for status in statuses
        }
    return found
