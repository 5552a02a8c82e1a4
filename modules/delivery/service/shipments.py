"""Shipments, as all who may see them do."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

from modules.delivery import repository
from modules.delivery.port import NoSuchShipment, ShipmentFact, ShipmentView, ShippedLine, StatusReport
from modules.delivery.service.reporting import Reporting
from modules.delivery.service.splitting import Splitting
from modules.delivery.service.stepping import Stepping
from modules.delivery.service.views import shipment_view, traced_shipment
from modules.kernel.audit import note_all
from modules.kernel.clock import Clock
from modules.kernel.database import Database
from modules.kernel.events import LastTold, Progress
from modules.kernel.idempotency import Answered, Repeatable, fingerprint
from modules.kernel.ids import ClientId, HoldId, OrderId, ShipmentId
from modules.kernel.inbox import Inbox
from modules.kernel.mailroom import Arrivals, Departures, TraceStep
from modules.kernel.outbox import Outbox

PARTS = 1000
MOST_TOLD = 5000
BEGINNING_OF_LIST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))


class DeliveryService(Arrivals, Departures):
    """Shipments and their progress. Fulfils `DeliveryPort` and `DeliveryOperatorPort`."""

    FOLLOWS = ("sales",)

    def __init__(self, database: Database, outbox: Outbox, inbox: Inbox, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._inbox = inbox
        self._reporting = Reporting(database, Stepping(outbox, clock))
        self._splitting = Splitting(database, outbox, clock)

    async def report(self, actor: str, shipment_id: ShipmentId, report: StatusReport) -> ShipmentView:
        """Take a step that the warehouse or the carrier reports, once per key. Raises as `Reporting.report`."""
        return (await self._reporting.report(actor, shipment_id, report)).answer

    async def report_once(
        self, client_id: ClientId, shipment_id: ShipmentId, report: StatusReport
    ) -> Answered[ShipmentView]:
        """Take a step that a client reports, and say whether it has reported it before. Raises as `Reporting.report`."""
        return await self._reporting.report(client_id, shipment_id, report)

    async def split(self, actor: str, shipment_id: ShipmentId, lines: Sequence[ShippedLine], key: str) -> ShipmentView:
        """Put `lines` of a shipment into a new part, once per key. Raises as `Splitting.split`."""
        asked = Repeatable(ClientId(actor), key, fingerprint(["split", shipment_id, lines]))
        return (await self._splitting.split(actor, shipment_id, lines, request=asked)).answer

    async def split_as_of(
        self,
        client_id: ClientId,
        shipment_id: ShipmentId,
        lines: Sequence[ShippedLine],
        version: int | None,
        request: Repeatable | None,
    ) -> Answered[ShipmentView]:
        """Put `lines` of a shipment, as it was at `version`, into a new part. Raises as `Splitting.split`."""
        return await self._splitting.split(client_id, shipment_id, lines, version, request)

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
        return [shipment_view(rows[id_]) for id_ in ids]

    async def shipment(self, shipment_id: ShipmentId) -> ShipmentView:
        """One shipment.

        Raises:
            NoSuchShipment: there is none of that id.
        """
        async with self._database.reading() as reading:
            row = (await repository.shipments(reading, [shipment_id])).get(shipment_id)
        if row is None:
            raise NoSuchShipment(f"There is no shipment {shipment_id}.")
        return shipment_view(row)

    async def tell_again(self, actor: str, order_ids: Sequence[OrderId]) -> int:
        """Publish all events of these orders once more, as far as they are kept; answers how many."""
        async with self._database.transaction() as transaction:
            await note_all(transaction, actor, [("tell_again", str(order_id), {}) for order_id in order_ids])
            return await self._outbox.tell_again(transaction, order_ids)

    async def facts(self, after: ShipmentId | None, limit: int) -> Sequence[ShipmentFact]:
        """Shipments by id from behind `after`, as a check across modules needs them."""
        async with self._database.reading() as reading:
            rows = await repository.facts(reading, after or UUID(int=0), limit)
        return [
            ShipmentFact(row.id, row.order_id, row.part, row.status, row.quantities, tuple(row.history), row.sequence)
            for row in rows
        ]

    async def trace(self, order_id: OrderId, hold_id: HoldId | None = None) -> Sequence[TraceStep]:
        """What happened to an order here: its parcels' steps, what is told of them, and what was heard."""
        del hold_id  # parcels are found by their order
        steps = [step for one in await self.shipments(order_id, limit=PARTS) for step in traced_shipment(one)]
        return [*steps, *await self.told(order_id), *await self.heard(order_id)]

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far delivery is with the events of `source` about `subjects`."""
        return await self._inbox.progress(source, subjects)

    async def last_told(self, after: UUID | None, limit: int) -> Sequence[LastTold]:
        """Every order with the number of its parcels' last event, by id from behind `after`."""
        async with self._database.reading() as reading:
            return await repository.last_told(reading, after or UUID(int=0), min(limit, MOST_TOLD))
