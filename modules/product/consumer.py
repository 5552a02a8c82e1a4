"""What product does when sales and delivery say that something happened."""

from collections.abc import Mapping, Sequence

from modules.delivery.port import ShipmentCancelled, ShipmentStatusUpdated
from modules.kernel.database import Transaction
from modules.kernel.events import Event, payload
from modules.kernel.inbox import Handler
from modules.product import repository
from modules.product.service import Catalogue
from modules.product.service.shipping import Parcel, set_free, ship, take_back
from modules.sales.port import OrderCreated

SOURCES = Catalogue.FOLLOWS


def handlers() -> Mapping[str, Handler]:
    """What is done per type of event; every other type only moves the cursor."""
    return {OrderCreated.TYPE: _confirm, ShipmentStatusUpdated.TYPE: _follow, ShipmentCancelled.TYPE: _set_free}


async def _confirm(transaction: Transaction, events: Sequence[Event]) -> None:
    await repository.confirm(transaction, [payload(event, OrderCreated).hold_id for event in events])


async def _follow(transaction: Transaction, events: Sequence[Event]) -> None:
    updates = [payload(event, ShipmentStatusUpdated) for event in events]
    if gone := [_parcel(update) for update in updates if update.to == "dispatched"]:
        await ship(transaction, gone)
    for restock in (True, False):
        if back := [_parcel(one) for one in updates if one.to == "returned" and one.restock is restock]:
            await take_back(transaction, back, restock=restock)


async def _set_free(transaction: Transaction, events: Sequence[Event]) -> None:
    await set_free(transaction, [_parcel(payload(event, ShipmentCancelled)) for event in events])


def _parcel(update: ShipmentStatusUpdated | ShipmentCancelled) -> Parcel:
    note = update.note if isinstance(update, ShipmentStatusUpdated) else update.reason
    lines = tuple((line.sku, line.quantity) for line in update.lines)
    return Parcel(update.shipment_id, update.hold_id, lines, note)
