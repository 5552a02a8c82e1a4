"""Splitting a shipment: some of it goes out by itself."""

from collections.abc import Sequence
from typing import Any

from modules.delivery import repository
from modules.delivery.model import Parting, check_version, parted
from modules.delivery.port import NoSuchShipment, ShipmentSplit, ShipmentView, ShippedLine
from modules.delivery.service.views import shipment_view
from modules.kernel.audit import note
from modules.kernel.clock import Clock
from modules.kernel.database import Database, Transaction
from modules.kernel.events import NewEvent
from modules.kernel.idempotency import Answered, Once, Repeatable
from modules.kernel.ids import ShipmentId, new_id
from modules.kernel.outbox import Outbox


class Splitting:
    """Makes two parts of one, in one transaction and with one event: nobody ever sees lines doubled or missing."""

    def __init__(self, database: Database, outbox: Outbox, clock: Clock) -> None:
        self._once: Once[ShipmentView] = Once(database, ShipmentView)
        self._outbox = outbox
        self._clock = clock

    async def split(
        self,
        actor: str,
        shipment_id: ShipmentId,
        lines: Sequence[ShippedLine],
        version: int | None = None,
        request: Repeatable | None = None,
    ) -> Answered[ShipmentView]:
        """Put `lines` of a shipment into a new part, once per `request`; answers the new one.

        Raises:
            NoSuchShipment: there is none of that id.
            PreconditionFailed: it has moved on since `version`.
            NotSplittable: it has left.
            WrongSplit: that is more than is in it, or all of it.
            RequestKeyReused: the key came with another request before.
        """

        async def part(transaction: Transaction) -> ShipmentView:
            fulfilment = await repository.lock_fulfilment(transaction, shipment_id)
            if fulfilment is None:
                raise NoSuchShipment(f"There is no shipment {shipment_id}.")
            before = (await repository.shipments(transaction, [shipment_id]))[shipment_id]
            check_version(before.version, version)
            parts = (await repository.parts(transaction, [fulfilment.order_id]))[fulfilment.order_id]
            inside = {line["sku"]: line["quantity"] for line in before.lines}
            parting = parted(before.status, len(parts), inside, lines)
            new = ShipmentId(new_id())
            await self._part(transaction, fulfilment, before, new, len(parts) + 1, parting, actor)
            return shipment_view((await repository.shipments(transaction, [new]))[new])

        return await self._once(request, part)

    async def _part(
        self,
        transaction: Transaction,
        fulfilment: Any,
        before: Any,
        new: ShipmentId,
        number: int,
        parting: Parting,
        actor: str,
    ) -> None:
        now = self._clock.now()
        stays = [{"sku": line.sku, "quantity": line.quantity} for line in parting.stays]
        await repository.leave(transaction, before.id, stays, now)
        await repository.insert_shipments(
            transaction,
            [
                {
                    "id": new,
                    "order_id": before.order_id,
                    "part": number,
                    "ship_to": before.ship_to,
                    "opened_at": now,
                }
            ],
            [{"shipment_id": new, "sku": line.sku, "quantity": line.quantity} for line in parting.goes],
        )
        first = {"shipment_id": new, "sequence": 1, "to_status": "pending", "actor": actor, "at": now}
        await repository.insert_transitions(transaction, [first | {"note": f"Split from part {before.part}."}])
        told = ShipmentSplit(
            order_id=fulfilment.order_id,
            hold_id=fulfilment.hold_id,
            shipment_id=before.id,
            part=before.part,
            status=before.status,
            lines=parting.stays,
            new_shipment_id=new,
            new_part=number,
            new_lines=parting.goes,
            parts=number,
            at=now,
        )
        sequence = await repository.count_event(transaction, fulfilment.order_id)
        await self._outbox.record(transaction, [NewEvent(fulfilment.order_id, sequence, told)])
        went = {line.sku: line.quantity for line in parting.goes}
        await note(transaction, actor, "shipment.split", str(before.id), {"new": str(new), "lines": went})
