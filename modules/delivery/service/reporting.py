"""The steps that the warehouse and the carrier report."""

from typing import Any

from modules.delivery import repository
from modules.delivery.model import allowed, check_version, restocked
from modules.delivery.port import (
    IllegalTransition,
    NoSuchShipment,
    ShipmentStatusUpdated,
    ShipmentView,
    StatusKeyReused,
    StatusReport,
)
from modules.delivery.service.views import shipment_view, shipped_lines
from modules.kernel.clock import Clock
from modules.kernel.database import Database, Transaction
from modules.kernel.events import NewEvent
from modules.kernel.ids import ShipmentId
from modules.kernel.outbox import Outbox


class Reporting:
    """Moves shipments as it is told, each step once."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._clock = clock

    async def report(self, actor: str, shipment_id: ShipmentId, report: StatusReport) -> ShipmentView:
        """Take a step that the warehouse or the carrier reports, once per key.

        Raises:
            NoSuchShipment: there is none of that id.
            IllegalTransition: the step is not allowed from where it is; names those that are.
            PreconditionFailed: it has moved on since `report.version`.
            StatusKeyReused: the key has reported something else.
            NothingToRestock: `report.restock` is said of another step than a return.
        """
        restocked(report.status, restock=report.restock)  # what makes no sense is refused whatever the shipment is
        async with self._database.transaction() as transaction:
            fulfilment = await repository.lock_fulfilment(transaction, shipment_id)
            if fulfilment is None:
                raise NoSuchShipment(f"There is no shipment {shipment_id}.")
            before = (await repository.shipments(transaction, [shipment_id]))[shipment_id]
            if not await self._is_repeat(transaction, shipment_id, report):
                check_version(before.version, report.version)
                _check(before, report)
                await self._step(transaction, fulfilment, before, actor, report)
            row = (await repository.shipments(transaction, [shipment_id]))[shipment_id]
        return shipment_view(row)

    async def _is_repeat(self, transaction: Transaction, shipment_id: ShipmentId, report: StatusReport) -> bool:
        if report.key is None:
            return False
        earlier = await repository.reported(transaction, shipment_id, report.key)
        if earlier is None:
            return False
        if (earlier.to_status, earlier.restock) != (report.status, restocked(report.status, restock=report.restock)):
            raise StatusKeyReused(f"This key has reported {earlier.to_status} of the shipment, in other words.")
        return True

    async def _step(
        self, transaction: Transaction, fulfilment: Any, before: Any, actor: str, report: StatusReport
    ) -> None:
        at, restock = report.at or self._clock.now(), restocked(report.status, restock=report.restock)
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
            "restock": restock,
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
            lines=shipped_lines(before.lines),
            at=at,
            carrier=report.carrier,
            tracking_code=report.tracking_code,
            note=report.note,
            restock=restock is not False,
        )
        event = NewEvent(fulfilment.order_id, fulfilment.event_sequence + 1, update)
        await self._outbox.record(transaction, [event])


def _check(before: Any, report: StatusReport) -> None:
    if report.status not in allowed(before.status):
        steps = allowed(before.status)
        raise IllegalTransition(
            f"From {before.status} a shipment can go to {' or '.join(steps) or 'nothing else'}, not {report.status}.",
            current=before.status,
            allowed=list(steps),
        )
