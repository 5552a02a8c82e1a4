"""FastStream, which knows nothing of us, reads our streams: a group of its own in each, and every event is there."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from cloudevents.core.base import BaseCloudEvent
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from faststream.redis import RedisBroker, StreamSub

from app.bus.redis import RedisBus
from app.bus.redis.connection import open_redis
from modules.delivery.port import ShipmentOpened
from modules.kernel.events import cloud_event, source_of
from modules.sales.port import OrderCreated
from tests.contract.bus_depots import BROKERS
from tests.foreign.place import ORDER, TIMEOUT_S, Place, placed
from tests.integration.events.event_table import declared
from tests.integration.events.overheard import overheard
from tests.integration.events.whole import Whole
from tests.system.commands import command

FIELD, GROUP = "cloudevent", "foreign"
WAY = ("packed", "dispatched", "in_transit", "delivered")
WITHIN_S = 20


class Reader:
    """What FastStream was given, and the SDK of CloudEvents made of it."""

    def __init__(self) -> None:
        self.events: list[BaseCloudEvent] = []
        self._more = asyncio.Event()

    async def take(self, body: Mapping[str, str]) -> None:
        """An entry is all its fields."""
        self.events.append(JSONFormat().read(CloudEvent, body[FIELD]))
        self._more.set()

    def told(self, module: str, order_id: str) -> Sequence[BaseCloudEvent]:
        """What a module said of an order; between two modules there is no order in it."""
        told = [event for event in self.events if event.get_subject() == order_id]
        return [event for event in told if event.get_source() == source_of(module)]

    async def until(self, there: Any) -> None:
        """Until what was read has something."""
        async with asyncio.timeout(WITHIN_S):
            while not there():
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def reading(url: str, streams: Iterable[str]) -> AsyncIterator[Reader]:
    """FastStream in a group of its own, from the first entry of each stream."""
    reader = Reader()
    broker = RedisBroker(url)
    for stream in streams:
        broker.subscriber(stream=StreamSub(stream, group=GROUP, consumer="one", last_id="0"))(reader.take)
    async with broker:
        await broker.start()
        yield reader


def streams() -> Sequence[str]:
    """The stream of every module that emits, as the docs call it."""
    return sorted({f"waybill:{module}" for module in declared().values()})


@pytest.mark.parametrize("broker", BROKERS)
async def test_faststream_reads_every_type_of_event_as_it_was_emitted(
    broker: str, brokers: Mapping[str, str], whole: Whole
) -> None:
    events = await overheard(whole)
    bus, redis = RedisBus(brokers[broker]), open_redis(brokers[broker])
    await redis.flushdb()
    await bus.publish(events)
    async with reading(brokers[broker], streams()) as reader:
        await reader.until(lambda: len(reader.events) == len(events))
    assert {event.get_type() for event in reader.events} == set(declared())
    read = {event.get_id(): event for event in reader.events}
    for event in events:
        there = read[str(event.id)]
        assert (there.get_source(), there.get_data()) == (event.source, event.data)
        assert there.get_extension("sequence") == cloud_event(event)["sequence"]
    await bus.close()
    await redis.aclose()


async def test_faststream_follows_an_order_of_a_running_system_to_the_door(four_processes: Place) -> None:
    redis = four_processes.system.run.redis
    assert redis is not None
    async with reading(str(redis["url"]), streams()) as reader:
        order_id = await _placed(four_processes)
        await reader.until(lambda: reader.told("delivery", order_id))
        shipment = str(_data(reader.told("delivery", order_id)[0])["shipment_id"])
        for status in WAY:
            await asyncio.to_thread(_advanced, four_processes, shipment, status)
        await reader.until(lambda: len(reader.told("delivery", order_id)) == 1 + len(WAY))
        await reader.until(lambda: reader.told("sales", order_id))
    opened, *steps = reader.told("delivery", order_id)
    assert [event.get_type() for event in reader.told("sales", order_id)] == [OrderCreated.TYPE]
    assert opened.get_type() == ShipmentOpened.TYPE
    assert [_data(step)["to"] for step in steps] == list(WAY)
    assert [int(event.get_extension("sequence")) for event in (opened, *steps)] == [1, 2, 3, 4, 5]


def _data(event: BaseCloudEvent) -> Mapping[str, Any]:
    data = event.get_data()
    assert isinstance(data, dict)
    return data


def _advanced(place: Place, shipment: str, status: str) -> None:
    assert command("shipment", "advance", shipment, status, data=place.system.data).code == 0


async def _placed(place: Place) -> str:
    client = place.client()
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        form = {"grant_type": "client_credentials"}
        basic = (client.client_id, client.client_secret)
        told = (await http.post(f"{place.issuer}/auth/token", data=form, auth=basic)).json()
        bearer = {"Authorization": f"Bearer {told['access_token']}"}
        return placed(await http.post(place.orders, json=ORDER, headers=bearer))
