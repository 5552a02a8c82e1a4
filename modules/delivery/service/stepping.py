"""One step of a shipment: its row, its history and its event."""

from collections.abc import Sequence
from typing import Any

from modules.delivery import repository
from modules.delivery.model import APPLIED, WAITING, Taken, actor_of, outcome, restocked
from modules.delivery.port import ShipmentStatusUpdated, StatusReport
from modules.delivery.service.views import shipped_lines, taken_steps
from modules.kernel.clock import Clock
from modules.kernel.database import Transaction
from modules.kernel.events import NewEvent
from modules.kernel.idempotency import fingerprint
from modules.kernel.ids import ShipmentId
from modules.kernel.outbox import Outbox


class Stepping:
    """Takes steps of shipments whose order's row is locked."""

    def __init__(self, outbox: Outbox, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock

    async def take(
        self, transaction: Transaction, fulfilment: Any, before: Any, actor: str, report: StatusReport
    ) -> Any:
        """Take a step that is allowed; answers the shipment as it is then."""
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
            "fingerprint": said(report),
        }
        await repository.insert_transitions(transaction, [transition])
        number = await repository.count_event(transaction, fulfilment.order_id)
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
        await self._outbox.record(transaction, [NewEvent(fulfilment.order_id, number, update)])
        return await _present(transaction, before.id)

    async def take_up(self, transaction: Transaction, fulfilment: Any, shipment: Any) -> Any:
        """Decide what carriers told too early, as far as it can be by now; answers the shipment as it is then."""
        waiting = list(await repository.waiting_updates(transaction, shipment.id))
        while found := _decided(waiting, taken_steps(shipment)):
            update, came_to = found
            if came_to == APPLIED:
                actor, report = actor_of(update.carrier), report_of(update.carrier, update, shipment)
                shipment = await self.take(transaction, fulfilment, shipment, actor, report)
            await repository.decide(transaction, update.carrier, update.message_id, came_to)
            waiting.remove(update)
        return shipment


def said(report: StatusReport) -> str | None:
    """What tells a report from another under its key, the version that its sender saw included; `None` without a key."""
    return None if report.key is None else fingerprint(report)


def report_of(carrier: str, update: Any, shipment: Any) -> StatusReport:
    """A carrier's update as a report; it is told once, whoever applies it."""
    return StatusReport(
        status=update.status,
        at=update.at,
        note=update.note,
        tracking_code=update.tracking_code,
        carrier=None if shipment.carrier else carrier,
        key=f"{carrier}:{update.message_id}",
        restock=update.restock,
    )


def _decided(waiting: Sequence[Any], history: Sequence[Taken]) -> tuple[Any, str] | None:
    for update in waiting:
        came_to = outcome(update.status, update.at, actor_of(update.carrier), history)
        if came_to != WAITING:
            return update, came_to
    return None


async def _present(transaction: Transaction, shipment_id: ShipmentId) -> Any:
    return (await repository.shipments(transaction, [shipment_id]))[shipment_id]
