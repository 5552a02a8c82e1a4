"""What delivery offers: shipments to the operator, and its events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol
from uuid import UUID

from modules.kernel import rpc
from modules.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed, Unauthenticated
from modules.kernel.events import LastTold, Progress
from modules.kernel.idempotency import RequestKeyReused
from modules.kernel.ids import HoldId, OrderId, ShipmentId
from modules.kernel.mailroom import InboxOperatorPort, OutboxOperatorPort


class NoSuchShipment(NotFound, code="delivery.shipment_not_found"):
    """There is no shipment of that id."""


class IllegalTransition(Conflict, code="delivery.illegal_transition"):
    """A shipment can't take this step from where it is, `details["current"]`; `allowed` names those that it can."""


class NotSplittable(Conflict, code="delivery.not_splittable"):
    """A shipment that has left, `details["current"]`, is not split any more; nor is one of an order of too many parts."""


class WrongSplit(Invalid, code="delivery.wrong_split"):
    """A split takes more than there is, or leaves nothing behind. `details["errors"]` names each line."""


class NothingToRestock(Invalid, code="delivery.nothing_to_restock"):
    """Only of a return can be said whether the goods are fit to be sold again."""


class NoSuchCarrier(NotFound, code="delivery.carrier_not_found"):
    """No carrier of that name has a secret here, so none may push updates."""


class BadSignature(Unauthenticated, code="delivery.bad_signature"):
    """A pushed update is not signed by its carrier, or not just now. Source: Standard Webhooks 1.0.0."""

    challenge = 'StandardWebhooks realm="waybill", headers="webhook-id webhook-timestamp webhook-signature"'


class MessageIdReused(Invalid, code="delivery.message_id_reused"):
    """A carrier has sent another update under this `webhook-id`."""


class AmbiguousTrackingCode(Conflict, code="delivery.ambiguous_tracking_code"):
    """Several shipments have this tracking code: name the shipment by its id."""


class TooEarly(Conflict, code="delivery.too_many_early_updates"):
    """So many updates of a shipment wait for steps before them that no more are taken on: send it again later."""


class StatusKeyReused(Invalid, code="delivery.idempotency_key_reused"):
    """This `Idempotency-Key` has reported something else of this shipment."""


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """So many of a SKU in a parcel."""

    sku: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ShipmentTransitionView:
    """One step of a shipment's way; `sequence` counts from 1 without a gap."""

    sequence: int
    from_: str | None
    to: str
    at: datetime
    note: str | None
    actor: str
    restock: bool | None = None
    """Of a return: whether the goods are fit to be sold again."""


@dataclass(frozen=True, slots=True)
class ShipmentView:
    """A shipment: part `part` of its order, what is in it, where it goes, how far it is."""

    id: ShipmentId
    order_id: OrderId
    part: int
    status: str
    carrier: str | None
    tracking_code: str | None
    lines: tuple[ShippedLine, ...]
    ship_to: Mapping[str, object]
    history: tuple[ShipmentTransitionView, ...]
    opened_at: datetime
    updated_at: datetime
    version: int


@dataclass(frozen=True, slots=True)
class StatusReport:
    """What the warehouse or the carrier says of a shipment. `key` or `version` makes a repeat harmless.

    `restock` says of a return whether the goods are fit to be sold again; where it is not said, they are.
    """

    status: str
    at: datetime | None = None
    note: str | None = None
    tracking_code: str | None = None
    carrier: str | None = None
    key: str | None = None
    version: int | None = None
    restock: bool | None = None


@dataclass(frozen=True, slots=True)
class CarrierUpdate:
    """What a carrier pushed as message `message_id`: a shipment, by id or by its tracking code, was in `status` at `at`.

    `secret_version` says which secret it was signed with.
    """

    message_id: str
    status: str
    at: datetime
    shipment_id: ShipmentId | None = None
    tracking_code: str | None = None
    note: str | None = None
    restock: bool | None = None
    secret_version: int = 1


@dataclass(frozen=True, slots=True)
class Heard:
    """What a carrier's update came to: it was applied, waits for steps before it, was past, or is impossible.

    `status` is where the shipment is by now; `replayed` says that this message was heard before.
    """

    message_id: str
    shipment_id: ShipmentId
    outcome: str
    status: str
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """A shipment in the hands of a carrier: so many steps it has taken, the last `since`, and so often it has failed."""

    shipment_id: ShipmentId
    status: str
    since: datetime
    steps: int
    failures: int


class Carrier(Protocol):
    """Who brings parcels to the door."""

    @property
    def name(self) -> str:
        """As whom it reports."""
        ...

    @property
    def asked_every_s(self) -> float | None:
        """How often it is asked what it knows; `None` where it tells by itself."""
        ...

    def news(self, parcel: Parcel, now: datetime) -> StatusReport | None:
        """The step that a parcel has taken by now, if it took one. The same question has the same answer."""
        ...


@dataclass(frozen=True, slots=True)
class ShipmentFact:
    """What a check across modules needs to know of a shipment; `sequence` is the number of its last step."""

    id: ShipmentId
    order_id: OrderId
    part: int
    status: str
    quantities: Mapping[str, int]
    history: tuple[str, ...]
    sequence: int


class DeliveryPort(Protocol):
    """What the other modules ask of delivery."""

    @rpc.read()
    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far delivery is with the events of `source` about `subjects`."""
        ...

    @rpc.read(timeout_s=10)
    async def last_told(self, after: UUID | None, limit: int) -> Sequence[LastTold]:
        """Every order with the number of its parcels' last event, by id from behind `after`: at most `limit`, and 5,000.

        Events that are pruned are counted, too. A page may be short; an empty one is the end.
        """
        ...


class DeliveryOperatorPort(InboxOperatorPort, OutboxOperatorPort, Protocol):
    """What the operator sees of shipments and does with them."""

    @rpc.read()
    async def shipments(
        self,
        order_id: OrderId | None = None,
        status: str | None = None,
        limit: int = 50,
        after: tuple[datetime, UUID] | None = None,
    ) -> Sequence[ShipmentView]:
        """Shipments, newest first, from behind the one that was opened at, and has the id, `after`."""
        ...

    @rpc.idempotent(
        "report.key", raises=(NoSuchShipment, IllegalTransition, PreconditionFailed, StatusKeyReused, NothingToRestock)
    )
    async def report(self, actor: str, shipment_id: ShipmentId, report: StatusReport) -> ShipmentView:
        """Take a step that the warehouse or the carrier reports.

        Raises:
            NoSuchShipment: there is none of that id.
            IllegalTransition: the step is not allowed from where it is; names those that are.
            PreconditionFailed: it has moved on since `report.version`.
            StatusKeyReused: the key has reported something else.
            NothingToRestock: `report.restock` is said of another step than a return.
        """
        ...

    @rpc.idempotent("key", raises=(NoSuchShipment, NotSplittable, WrongSplit, RequestKeyReused))
    async def split(self, actor: str, shipment_id: ShipmentId, lines: Sequence[ShippedLine], key: str) -> ShipmentView:
        """Put `lines` of what is in a shipment into a new part of its order, which begins pending; answers that one.

        What stays is as far as it was. The same SKU twice is added up. With its key again it is the same split.

        Raises:
            NoSuchShipment: there is none of that id.
            NotSplittable: it has left.
            WrongSplit: that is more than is in it, or all of it.
            RequestKeyReused: the key has asked for something else.
        """
        ...

    @rpc.idempotent("order_ids")
    async def tell_again(self, actor: str, order_ids: Sequence[OrderId]) -> int:
        """Publish all events of these orders once more, as far as they are kept; answers how many.

        Whoever has handled one drops it.
        """
        ...

    @rpc.read(timeout_s=30)
    async def facts(self, after: ShipmentId | None, limit: int) -> Sequence[ShipmentFact]:
        """Shipments by id from behind `after`, as a check across modules needs them."""
        ...


@dataclass(frozen=True, slots=True)
class ShipmentOpened:
    """A shipment was opened for (a part of) an order."""

    TYPE: ClassVar[str] = "waybill.shipment.opened.v1"

    order_id: OrderId
    hold_id: HoldId
    shipment_id: ShipmentId
    part: int
    lines: tuple[ShippedLine, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class ShipmentSplit:
    """Some of a shipment that had not left went into a new part, which is pending: the order has so many `parts` now.

    `lines` are what stays in the one that is split, whose `status` is as it was; `new_lines` are what went.
    """

    TYPE: ClassVar[str] = "waybill.shipment.split.v1"

    order_id: OrderId
    hold_id: HoldId
    shipment_id: ShipmentId
    part: int
    status: str
    lines: tuple[ShippedLine, ...]
    new_shipment_id: ShipmentId
    new_part: int
    new_lines: tuple[ShippedLine, ...]
    parts: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ShipmentStatusUpdated:
    """A shipment took a step. `restock` says of a return whether the goods are fit to be sold again."""

    TYPE: ClassVar[str] = "waybill.shipment.status_updated.v1"

    order_id: OrderId
    hold_id: HoldId
    shipment_id: ShipmentId
    part: int
    from_: str
    to: str
    lines: tuple[ShippedLine, ...]
    at: datetime
    carrier: str | None = None
    tracking_code: str | None = None
    note: str | None = None
    restock: bool = True


@dataclass(frozen=True, slots=True)
class ShipmentCancelled:
    """A parcel was cancelled before it left: what is in it is not spoken for any more."""

    TYPE: ClassVar[str] = "waybill.shipment.cancelled.v1"

    order_id: OrderId
    hold_id: HoldId
    shipment_id: ShipmentId
    part: int
    lines: tuple[ShippedLine, ...]
    at: datetime
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class CancelRefused:
    """Something of an order had left when it was to be cancelled: these `parts`. What had not left is cancelled."""

    TYPE: ClassVar[str] = "waybill.shipment.cancel_refused.v1"

    order_id: OrderId
    hold_id: HoldId
    parts: tuple[int, ...]
    reason: str
    at: datetime
