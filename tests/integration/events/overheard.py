"""What the whole system says on its bus in a journey that has every type of event, as others would read it."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from dependency_injector import providers

from modules.kernel.events import Bus, Event, traced, written
from modules.kernel.ids import OrderId
from tests.integration.events.whole import Whole

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

Document = Mapping[str, Any]


class Overheard:
    """Around another bus: what is handed over to it, is kept as well."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self.events: list[Event] = []

    @property
    def keeps(self) -> bool:
        return self._bus.keeps

    async def identify(self) -> str:
        return await self._bus.identify()

    async def trim(self, source: str, place: str) -> None:
        await self._bus.trim(source, place)

    async def trouble(self) -> str | None:
        return await self._bus.trouble()

    async def close(self) -> None:
        await self._bus.close()

    async def publish(self, events: Sequence[Event]) -> Sequence[str | None]:
        self.events += events
        return await self._bus.publish(events)


async def overheard(whole: Whole) -> Sequence[Event]:
    """Every event of four orders: one comes to the door in two parts, one comes back, one is cancelled, one too late."""
    bus = Overheard(whole.container.bus())
    whole.container.bus.override(providers.Object(bus))
    await whole.stock(BOLT=100, NUT=100)
    with traced(TRACE):
        await _in_two_parts(whole)
        await _comes_back(whole)
        await _cancelled(whole)
    await _too_late(whole)
    return bus.events


def as_read(event: Event) -> Document:
    """What a reader of the stream is given of an event."""
    document: Document = orjson.loads(as_written(event))
    return document


def as_written(event: Event) -> bytes:
    """An event on the wire."""
    return written(event)


async def _placed(whole: Whole, key: str) -> OrderId:
    order_id = await whole.place(key, BOLT=2, NUT=1)
    await whole.come_to_rest()
    return order_id


async def _in_two_parts(whole: Whole) -> None:
    order_id = await _placed(whole, "in two parts")
    await whole.split(order_id, NUT=1)
    await whole.come_to_rest()
    for part in (1, 2):
        await whole.report_part(order_id, part, "packed", "dispatched", "in_transit", "delivered")
    await whole.come_to_rest()


async def _comes_back(whole: Whole) -> None:
    order_id = await _placed(whole, "comes back")
    await whole.report(order_id, "packed", "dispatched", "failed", "returned")
    await whole.come_to_rest()


async def _cancelled(whole: Whole) -> None:
    order_id = await _placed(whole, "cancelled")
    await whole.cancel(order_id, "ordered twice")
    await whole.come_to_rest()


async def _too_late(whole: Whole) -> None:
    """It leaves while nobody in sales has heard of it, and is to be cancelled."""
    order_id = await _placed(whole, "too late")
    await whole.report(order_id, "packed", "dispatched")
    await whole.cancel(order_id)
    await whole.come_to_rest()
