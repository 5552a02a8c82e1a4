"""A request to place an order, and what becomes of it on its way through a batch."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from modules.kernel.errors import WaybillError
from modules.kernel.events import traceparent
from modules.kernel.ids import ClientId, HoldId, OrderId, new_id, order_id_for
from modules.kernel.money import Money
from modules.product.port import Availability
from modules.sales.port import OrderView


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """A request to place an order, its lines added up per SKU in the order asked.

    `key` is the `Idempotency-Key`, `fingerprint` the SHA-256 of the whole validated body, `traceparent` the trace of the
    request, which its batch does not have.
    """

    client_id: ClientId
    key: str | None
    fingerprint: str
    lines: tuple[tuple[str, int], ...]
    ship_to: Mapping[str, object]
    reference: str | None = None
    currency: str | None = None
    expected_total: Money | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    fresh_id: OrderId = field(default_factory=lambda: OrderId(new_id()))
    traceparent: str | None = field(default_factory=traceparent.get, compare=False)

    @property
    def order_id(self) -> OrderId:
        """The one order that this places, however often it is tried: named by the key, or else by the request."""
        return self.fresh_id if self.key is None else order_id_for(self.client_id, self.key)


@dataclass(frozen=True, slots=True)
class Placed:
    """The order, as it is now; `replayed` says that an earlier request had placed it."""

    order: OrderView
    replayed: bool = False


@dataclass(slots=True)
class Attempt:
    """One request on its way through a batch."""

    request: PlaceOrder
    order_id: OrderId
    held: Availability | None = None
    refusal: WaybillError | None = None
    outcome: Placed | WaybillError | None = None

    @property
    def hold_id(self) -> HoldId:
        """The hold that this attempt was given."""
        if self.held is None or self.held.hold_id is None:
            raise RuntimeError("nothing is held for this attempt")
        return self.held.hold_id
