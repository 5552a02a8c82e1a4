"""The steps that the warehouse and the carrier report."""

from typing import Any

from modules.delivery import repository
from modules.delivery.model import allowed, check_version, restocked
from modules.delivery.port import (
    IllegalTransition,
    NoSuchShipment,
    ShipmentView,
    StatusKeyReused,
    StatusReport,
)
from modules.delivery.service.stepping import Stepping, said
from modules.delivery.service.views import shipment_view
from modules.kernel.database import Database, Transaction
from modules.kernel.idempotency import Answered
from modules.kernel.ids import ShipmentId


class Reporting:
    """Moves shipments as it is told, each step once."""

    def __init__(self, database: Database, stepping: Stepping) -> None:
        self._database = database
        self._stepping = stepping

    async def report(self, actor: str, shipment_id: ShipmentId, report: StatusReport) -> Answered[ShipmentView]:
        """Take a step that the warehouse or the carrier reports, once per key, and those told early that follow it.

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
            shipment = (await repository.shipments(transaction, [shipment_id]))[shipment_id]
            replayed = await self._is_repeat(transaction, shipment_id, report)
            if not replayed:
                check_version(shipment.version, report.version)
                _check(shipment, report)
                shipment = await self._stepping.take(transaction, fulfilment, shipment, actor, report)
                shipment = await self._stepping.take_up(transaction, fulfilment, shipment)
        return Answered(shipment_view(shipment), replayed)

    async def _is_repeat(self, transaction: Transaction, shipment_id: ShipmentId, report: StatusReport) -> bool:
        if report.key is None:
            return False
        earlier = await repository.reported(transaction, shipment_id, report.key)
        if earlier is None:
            return False
        # Of steps that were taken before fingerprints were kept, the rest of the words is not known.
        same = (earlier.to_status, earlier.restock) == (report.status, restocked(report.status, restock=report.restock))
        if not same or earlier.fingerprint not in {None, said(report)}:
            raise StatusKeyReused(f"This key has reported {earlier.to_status} of the shipment, in other words.")
        return True


def _check(before: Any, report: StatusReport) -> None:
    if report.status not in allowed(before.status):
        steps = allowed(before.status)
        raise IllegalTransition(
            f"From {before.status} a shipment can go to {' or '.join(steps) or 'nothing else'}, not {report.status}.",
            current=before.status,
            allowed=list(steps),
        )
