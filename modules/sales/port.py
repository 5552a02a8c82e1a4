"""What sales offers: its decision on holds to product, orders to the operator, and its events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Protocol
from uuid import UUID

from pydantic import ConfigDict, StringConstraints

from modules.kernel import rpc
from modules.kernel.errors import Conflict, Invalid, NotFound
from modules.kernel.events import LastTold, Progress
from modules.kernel.ids import ClientId, HoldId, OrderId
from modules.kernel.mailroom import InboxOperatorPort, OutboxOperatorPort
from modules.kernel.money import Money


class OrderNotFound(NotFound, code="sales.order_not_found"):
    """The caller has no order of that id."""


class KeyReused(Invalid, code="sales.idempotency_key_reused"):
    """This `Idempotency-Key` has placed another order: the body differs from the first one."""


class PriceChanged(Conflict, code="sales.price_changed"):
    """The total is not what `expected_total` says. `details["total"]` is what it would be."""


class MixedCurrencies(Invalid, code="sales.mixed_currencies"):
    """The lines have prices in more than one currency, or in another than the order names."""


class TotalTooLarge(Invalid, code="sales.total_too_large"):
    """The order's total is beyond what an amount can be."""


class NotCancellable(Conflict, code="sales.not_cancellable"):
    """The order has gone too far to be cancelled: `details["current"]` says where it is."""


Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""One line of writing: 1 to 200 characters, no control characters."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a parcel goes; `country` is ISO 3166-1 alpha-2."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: Text
    line1: Text
    city: Text
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    company: Text | None = None
    line2: Text | None = None
    region: Text | None = None
    postal_code: Text | None = None
    phone: Text | None = None
    email: Text | None = None


class Settlement(StrEnum):
    """What became of a hold, once and for ever."""

    STORED = "stored"
    VOID = "void"


class SalesPort(Protocol):
    """What the other modules ask of sales."""

    @rpc.idempotent("hold_ids")
    async def settle(self, hold_ids: Sequence[HoldId]) -> Sequence[Settlement]:
        """Decide for each hold whether it became an order: one word per hold, in order, never taken back.

        A hold that has no order by now will never have one.
        """
        ...

    @rpc.read()
    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far sales is with the events of `source` about `subjects`."""
        ...

    @rpc.read(timeout_s=10)
    async def last_told(self, after: UUID | None, limit: int) -> Sequence[LastTold]:
        """Every order with the number of its last event, by id from behind `after`: at most `limit`, and 5,000.

        Events that are pruned are counted, too. A page may be short; an empty one is the end.
        """
        ...


@dataclass(frozen=True, slots=True)
class OrderLineView:
    """A line at the price it was ordered at."""

    sku: str
    name: str
    quantity: int
    unit_price: Money
    total: Money


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """One parcel of an order, as far as sales has heard."""

    id: UUID
    part: int
    status: str
    carrier: str | None
    tracking_code: str | None
    lines: tuple[Mapping[str, object], ...]


@dataclass(frozen=True, slots=True)
class OrderView:
    """An order as its customer sees it."""

    id: OrderId
    status: str
    reference: str | None
    lines: tuple[OrderLineView, ...]
    total: Money
    ship_to: Mapping[str, object]
    shipments: tuple[ShipmentView, ...]
    placed_at: datetime
    updated_at: datetime
    version: int
    metadata: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class TransitionView:
    """One step of an order's life; `sequence` counts from 1 without a gap."""

    sequence: int
    from_: str | None
    to: str
    at: datetime
    reason: str | None
    actor: str


@dataclass(frozen=True, slots=True)
class OrderFact:
    """What a check across modules needs to know of an order; `sequence` is the number of its last step.

    `parcels` says how far each part is, as far as sales has heard, and `due` which steps the order should have taken by
    that. `decided` is whether its hold is decided for it.
    """

    id: OrderId
    client_id: ClientId
    status: str
    hold_id: HoldId
    quantities: Mapping[str, int]
    history: tuple[str, ...]
    sequence: int
    placed_at: datetime
    parcels: Mapping[str, str] = field(default_factory=dict)
    due: tuple[str, ...] = ()
    decided: bool = True


class SalesOperatorPort(InboxOperatorPort, OutboxOperatorPort, Protocol):
    """What the operator sees of orders."""

    @rpc.read()
    async def orders(
        self, status: str | None = None, limit: int = 50, after: tuple[datetime, UUID] | None = None
    ) -> Sequence[OrderView]:
        """Orders of all clients, newest first, from behind the one that was placed at, and has the id, `after`."""
        ...

    @rpc.read(raises=(OrderNotFound,))
    async def order(self, order_id: OrderId) -> tuple[OrderView, Sequence[TransitionView]]:
        """One order with its history.

        Raises:
            OrderNotFound: there is none of that id.
        """
        ...

    @rpc.idempotent("order_id", raises=(OrderNotFound, NotCancellable))
    async def cancel(self, actor: str, order_id: OrderId, reason: str | None = None) -> OrderView:
        """Ask delivery to let nothing of an order leave; asked for already, it stays so.

        The order is `cancelling` until delivery has decided: then `cancelled`, or on its way again with the reason.

        Raises:
            OrderNotFound: there is none of that id.
            NotCancellable: it has left, as far as sales has heard, or is over.
        """
        ...

    @rpc.idempotent("order_ids")
    async def tell_again(self, actor: str, order_ids: Sequence[OrderId]) -> int:
        """Publish all events of these orders once more, as far as they are kept; answers how many.

        Whoever has handled one drops it.
        """
        ...

    @rpc.read(timeout_s=30)
    async def facts(self, after: OrderId | None, limit: int) -> Sequence[OrderFact]:
        """Orders by id from behind `after`, as a check across modules needs them."""
        ...


@dataclass(frozen=True, slots=True)
class EventLine:
    """So many of a SKU, by name and at the price of the order."""

    sku: str
    name: str
    quantity: int
    unit_price: int


@dataclass(frozen=True, slots=True)
class OrderCreated:
    """A customer's order was stored; nothing takes that back."""

    TYPE: ClassVar[str] = "waybill.order.created.v1"

    order_id: OrderId
    client_id: ClientId
    hold_id: HoldId
    reference: str | None
    currency: str
    total: int
    lines: tuple[EventLine, ...]
    ship_to: Mapping[str, object]
    placed_at: datetime


@dataclass(frozen=True, slots=True)
class OrderCancelRequested:
    """A customer, or an operator, wants nothing of an order to leave any more. Delivery decides."""

    TYPE: ClassVar[str] = "waybill.order.cancel_requested.v1"

    order_id: OrderId
    hold_id: HoldId
    reason: str | None
    at: datetime
