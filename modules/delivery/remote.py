"""`DeliveryPort` and `DeliveryOperatorPort` over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from modules.delivery.port import (
    DeliveryOperatorPort,
    DeliveryPort,
    ShipmentFact,
    ShipmentView,
    ShippedLine,
    StatusReport,
)
from modules.kernel import rpc
from modules.kernel.events import LastTold, Progress
from modules.kernel.ids import OrderId, ShipmentId
from modules.kernel.mailroom import InboxCrossings, OutboxCrossings, RemoteInboxOperator, RemoteOutboxOperator
from modules.kernel.principal import Verifier
from modules.web.internal import operated, served

PROGRESS = rpc.crossing(DeliveryPort.progress, "/internal/delivery/progress")
LAST_TOLD = rpc.crossing(DeliveryPort.last_told, "/internal/delivery/last_told")
SHIPMENTS = rpc.crossing(DeliveryOperatorPort.shipments, "/internal/delivery/operator/shipments")
REPORT = rpc.crossing(DeliveryOperatorPort.report, "/internal/delivery/operator/report")
SPLIT = rpc.crossing(DeliveryOperatorPort.split, "/internal/delivery/operator/split")
TELL_AGAIN = rpc.crossing(DeliveryOperatorPort.tell_again, "/internal/delivery/operator/tell_again")
FACTS = rpc.crossing(DeliveryOperatorPort.facts, "/internal/delivery/operator/facts")
INBOX, OUTBOX = InboxCrossings("delivery"), OutboxCrossings("delivery")
METHODS: tuple[rpc.Crossing[..., Any], ...] = (
    PROGRESS,
    LAST_TOLD,
    SHIPMENTS,
    REPORT,
    SPLIT,
    TELL_AGAIN,
    FACTS,
    *INBOX.methods,
    *OUTBOX.methods,
)


def routes(delivery: DeliveryPort, verifier: Verifier) -> APIRouter:
    """What other processes call of the delivery that is hosted here."""
    return served("delivery", verifier, {PROGRESS: delivery.progress, LAST_TOLD: delivery.last_told}, METHODS)


def operator_routes(delivery: DeliveryOperatorPort, verifier: Verifier) -> APIRouter:
    """What the operator calls of the delivery that is hosted here."""
    return operated(
        verifier,
        {
            SHIPMENTS: delivery.shipments,
            REPORT: delivery.report,
            SPLIT: delivery.split,
            TELL_AGAIN: delivery.tell_again,
            FACTS: delivery.facts,
            **INBOX.served_by(delivery),
            **OUTBOX.served_by(delivery),
        },
    )


class RemoteDelivery:
    """Fulfils `DeliveryPort` where delivery lives in another process."""

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far delivery is with the events of `source` about `subjects`."""
        return await self._channel.call(PROGRESS, source, subjects)

    async def last_told(self, after: UUID | None, limit: int) -> Sequence[LastTold]:
        """Every order with the number of its parcels' last event, by id from behind `after`."""
        return await self._channel.call(LAST_TOLD, after, limit)


class RemoteDeliveryOperator(RemoteInboxOperator, RemoteOutboxOperator):
    """Fulfils `DeliveryOperatorPort` where delivery lives in another process."""

    INBOX, OUTBOX = INBOX, OUTBOX

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def shipments(
        self,
        order_id: OrderId | None = None,
        status: str | None = None,
        limit: int = 50,
        after: tuple[datetime, UUID] | None = None,
    ) -> Sequence[ShipmentView]:
        """Shipments, newest first, from behind `after`."""
        return await self._channel.call(SHIPMENTS, order_id, status, limit, after)

    async def report(self, actor: str, shipment_id: ShipmentId, report: StatusReport) -> ShipmentView:
        """Take a step that the warehouse or the carrier reports."""
        return await self._channel.call(REPORT, actor, shipment_id, report)

    async def split(self, actor: str, shipment_id: ShipmentId, lines: Sequence[ShippedLine], key: str) -> ShipmentView:
        """Put `lines` of what is in a shipment into a new part of its order."""
        return await self._channel.call(SPLIT, actor, shipment_id, lines, key)

    async def tell_again(self, actor: str, order_ids: Sequence[OrderId]) -> int:
        """Publish all events of these orders once more."""
        return await self._channel.call(TELL_AGAIN, actor, order_ids)

    async def facts(self, after: ShipmentId | None, limit: int) -> Sequence[ShipmentFact]:
        """Shipments by id from behind `after`."""
        return await self._channel.call(FACTS, after, limit)
