"""What sales does when delivery says that something happened."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial

from modules.delivery.port import (
    CancelRefused,
    ShipmentCancelled,
    ShipmentOpened,
    ShipmentSplit,
    ShipmentStatusUpdated,
    ShippedLine,
)
from modules.kernel.database import Transaction
from modules.kernel.events import Event, payload
from modules.kernel.inbox import Handler
from modules.sales.service import Orders
from modules.sales.service.following import ParcelNews, Refusal, Tell, follow, resume

SOURCES = Orders.FOLLOWS


def handlers(tell: Tell) -> Mapping[str, Handler]:
    """What is done per type of event; every other type only moves the cursor. `tell` wakes those who follow."""
    return {
        ShipmentOpened.TYPE: partial(_opened, tell),
        ShipmentSplit.TYPE: partial(_split, tell),
        ShipmentStatusUpdated.TYPE: partial(_moved, tell),
        ShipmentCancelled.TYPE: partial(_cancelled, tell),
        CancelRefused.TYPE: partial(_refused, tell),
    }


async def _opened(tell: Tell, transaction: Transaction, events: Sequence[Event]) -> None:
    opened = [payload(event, ShipmentOpened) for event in events]
    news = [ParcelNews(one.order_id, one.shipment_id, one.part, "pending", one.at, _lines(one.lines)) for one in opened]
    await follow(transaction, news, tell)


async def _split(tell: Tell, transaction: Transaction, events: Sequence[Event]) -> None:
    news = []
    for one in (payload(event, ShipmentSplit) for event in events):
        news += [
            ParcelNews(one.order_id, one.shipment_id, one.part, one.status, one.at, _lines(one.lines)),
            ParcelNews(one.order_id, one.new_shipment_id, one.new_part, "pending", one.at, _lines(one.new_lines)),
        ]
    await follow(transaction, news, tell)


async def _moved(tell: Tell, transaction: Transaction, events: Sequence[Event]) -> None:
    moved = [payload(event, ShipmentStatusUpdated) for event in events]
    news = [
        ParcelNews(
            one.order_id,
            one.shipment_id,
            one.part,
            one.to,
            one.at,
            _lines(one.lines),
            carrier=one.carrier,
            tracking_code=one.tracking_code,
            reason=one.note,
        )
        for one in moved
    ]
    await follow(transaction, news, tell)


async def _cancelled(tell: Tell, transaction: Transaction, events: Sequence[Event]) -> None:
    gone = [payload(event, ShipmentCancelled) for event in events]
    news = [
        ParcelNews(one.order_id, one.shipment_id, one.part, "cancelled", one.at, _lines(one.lines), reason=one.reason)
        for one in gone
    ]
    await follow(transaction, news, tell)


async def _refused(tell: Tell, transaction: Transaction, events: Sequence[Event]) -> None:
    refused = [payload(event, CancelRefused) for event in events]
    await resume(transaction, [Refusal(one.order_id, one.at, one.reason) for one in refused], tell)


def _lines(lines: Iterable[ShippedLine]) -> tuple[Mapping[str, object], ...]:
    return tuple({"sku": line.sku, "quantity": line.quantity} for line in lines)
