"""Shipments and their progress."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from modules.delivery import repository
from modules.delivery.model import allowed
from modules.delivery.port import (
    IllegalTransition,
    NoSuchShipment,
    ShipmentFact,
    ShipmentStatusUpdated,
    ShipmentTransitionView,
    ShipmentView,
    ShippedLine,
    StatusKeyReused,
    StatusReport,
)
from modules.kernel.clock import Clock
from modules.kernel.database import Database, Transaction
from modules.kernel.errors import PreconditionFailed
from modules.kernel.events import NewEvent, Progress
from modules.kernel.ids import OrderId, ShipmentId
from modules.kernel.inbox import Inbox
from modules.kernel.outbox import Outbox

BEGINNING_OF_LIST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


class DeliveryService:
    """Shipments and their progress. Fulfils `DeliveryPort` and `DeliveryOperatorPort`."""

    def __init__(self, database: Database, outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._inbox = inbox
        self._clock = clock

    async def report(self, actor: str, shipment_id: ShipmentId, report: StatusReport) -> ShipmentView:
        """Take a step that the warehouse or the carrier reports, once per key.

        Raises:
            NoSuchShipment: there is none of that id.
            IllegalTransition: the step is not allowed from where it is; names those that are.
            PreconditionFailed: it has moved on since `report.version`.
            StatusKeyReused: the key has reported something else.
        """
        async with self._database.transaction() as transaction:
            fulfilment = await repository.lock_fulfilment(transaction, shipment_id)
            if fulfilment is None:
                raise NoSuchShipment(f"There is no shipment {shipment_id}.")
            before = (await repository.shipments(transaction, [shipment_id]))[shipment_id]
            if not await self._is_repeat(transaction, shipment_id, report):
                _check(before, report)
                await self._step(transaction, fulfilment, before, actor, report)
            row = (await repository.shipments(transaction, [shipment_id]))[shipment_id]
        return _view(row)

    async def shipments(
        self,
        order_id: OrderId | None = None,
        status: str | None = None,
        limit: int = 50,
        after: tuple[datetime, UUID] | None = None,
    ) -> Sequence[ShipmentView]:
        """Shipments, newest first, from behind the one that was opened at, and has the id, `after`."""
        async with self._database.reading() as reading:
            ids = await repository.newest(reading, limit, after or BEGINNING_OF_LIST, order_id, status)
            rows = await repository.shipments(reading, ids)
        return [_view(rows[id_]) for id_ in ids]

    async def shipment(self, shipment_id: ShipmentId) -> ShipmentView:
        """One shipment.

        Raises:
            NoSuchShipment: there is none of that id.
        """
        async with self._database.reading() as reading:
            row = (await repository.shipments(reading, [shipment_id])).get(shipment_id)
        if row is None:
            raise NoSuchShipment(f"There is no shipment {shipment_id}.")
        return _view(row)

    async def facts(self, after: ShipmentId | None, limit: int) -> Sequence[ShipmentFact]:
        """Shipments by id from behind `after`, as a check across modules needs them."""
        async with self._database.reading() as reading:
            rows = await repository.facts(reading, after or UUID(int=0), limit)
        return [ShipmentFact(row.id, row.order_id, row.part, row.status, row.quantities) for row in rows]

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far delivery is with the events of `source` about `subjects`."""
        return await self._inbox.progress(source, subjects)

    async def _is_repeat(self, transaction: Transaction, shipment_id: ShipmentId, report: StatusReport) -> bool:
        if report.key is None:
            return False
        earlier = await repository.reported(transaction, shipment_id, report.key)
        if earlier not in {None, report.status}:
            raise StatusKeyReused(f"This key has reported {earlier} of the shipment.")
        return earlier is not None

    async def _step(
        self, transaction: Transaction, fulfilment: Any, before: Any, actor: str, report: StatusReport
    ) -> None:
        at = report.at or self._clock.now()
        await repository.move(
            transaction, before.id, report.status, at, carrier=report.carrier, tracking_code=report.tracking_code
        )
        transition = {
            "shipment_id": before.id,
            "sequence": len(before.history) + 1,
            "from_status": before.status,
            "to_status": report.status,
            "note": report.note,
            "actor": actor,
            "at": at,
            "key": report.key,
        }
        await repository.insert_transitions(transaction, [transition])
        await repository.count_event(transaction, fulfilment.order_id)
        update = ShipmentStatusUpdated(
            order_id=fulfilment.order_id,
            hold_id=fulfilment.hold_id,
            shipment_id=before.id,
            part=before.part,
            from_=before.status,
            to=report.status,
            lines=tuple(ShippedLine(line["sku"], line["quantity"]) for line in before.lines),
            at=at,
            carrier=report.carrier,
            tracking_code=report.tracking_code,
            note=report.note,
        )
        event = NewEvent(fulfilment.order_id, fulfilment.event_sequence + 1, update)
        await self._outbox.record(transaction, [event])


def _check(before: Any, report: StatusReport) -> None:
    if report.version is not None and report.version != before.version:
        raise PreconditionFailed(f"The shipment is at version {before.version} now.", version=before.version)
    if report.status not in allowed(before.status):
        steps = allowed(before.status)
        raise IllegalTransition(
            f"From {before.status} a shipment can go to {' or '.join(steps) or 'nothing else'}, not {report.status}.",
            current=before.status,
            allowed=list(steps),
        )


def _view(row: Any) -> ShipmentView:
    return ShipmentView(
        id=row.id,
        order_id=row.order_id,
        part=row.part,
        status=row.status,
        carrier=row.carrier,
        tracking_code=row.tracking_code,
        lines=tuple(ShippedLine(line["sku"], line["quantity"]) for line in row.lines),
        ship_to=row.ship_to,
        history=tuple(
            ShipmentTransitionView(
                sequence=step["sequence"],
                from_=step["from_status"],
                to=step["to_status"],
                at=datetime.fromisoformat(step["at"]),
                note=step["note"],
                actor=step["actor"],
            )
            for step in row.history
        ),
        opened_at=row.opened_at,
        updated_at=row.updated_at,
        version=row.version,
    )
