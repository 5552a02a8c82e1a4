"""An order's trace: from the request through its batch to its event, and to what the event causes."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from uuid import UUID

import pytest

from modules.kernel.events import Progress, traceparent
from modules.kernel.ids import HoldId
from modules.product.port import Availability, AvailabilityRequest, CatalogueItem, CatalogueRequest, ProductPort
from modules.sales.service import Look, Offers, QuoteRequest
from tests.integration.http_world import ORDER, Api, Server, container_on, databases_of, opened
from tests.support.orders import order
from tests.support.shop import Shop
from tests.support.shop_fixture import premises, shop, unchecked_shop

__all__ = ["premises", "shop", "unchecked_shop"]


@pytest.fixture
async def api(postgres: Server) -> AsyncIterator[Api]:
    dsns = databases_of(postgres)
    api = await opened(container_on(dsns))
    yield api
    await api.close()
    for dsn in dsns.values():
        postgres.drop(dsn)


def trace(number: int) -> str:
    return f"{number:032x}"


async def place(api: Api, number: int) -> str:
    headers = {b"traceparent": f"00-{trace(number)}-{'a' * 16}-01".encode()}
    answer = await api.ask("POST", "/api/v1/orders", json=dict(ORDER), headers=headers)
    order_id: str = answer.raise_for_status().json()["id"]
    return order_id


async def test_each_orders_event_is_part_of_its_own_requests_trace_though_they_were_one_batch(api: Api) -> None:
    orders = await asyncio.gather(*(place(api, number) for number in range(1, 9)))
    (sales, _) = api.container.outboxes()
    events = {str(event.subject): event for event in await sales.take(100)}
    traces = [(events[order].traceparent or "").split("-") for order in orders]
    assert [one[1] for one in traces] == [trace(number) for number in range(1, 9)]
    assert all(one[2] != "a" * 16 for one in traces), "a span of the caller's, not of ours"


async def test_a_shipment_is_opened_as_part_of_its_orders_trace(api: Api) -> None:
    order = await place(api, 7)
    sales, delivery = api.container.outboxes()
    await api.container.delivery_inbox().handle(await sales.take(10))
    (opened_,) = await delivery.take(10)
    assert (str(opened_.subject), (opened_.traceparent or "").split("-")[1]) == (order, trace(7))


class Noting:
    """Product, and the trace that it was asked in."""

    def __init__(self, product: ProductPort) -> None:
        self._product = product
        self.traces: list[str | None] = []

    async def availability(self, requests: Sequence[AvailabilityRequest]) -> Sequence[Availability]:
        self.traces.append(traceparent.get())
        return await self._product.availability(requests)

    async def release(self, hold_ids: Sequence[HoldId]) -> None:
        await self._product.release(hold_ids)

    async def catalogue(self, requests: Sequence[CatalogueRequest]) -> Sequence[tuple[CatalogueItem, ...]]:
        self.traces.append(traceparent.get())
        return await self._product.catalogue(requests)

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        return await self._product.progress(source, subjects)


async def test_product_is_asked_as_part_of_the_trace_of_the_first_of_a_batch(shop: Shop) -> None:
    await shop.stock(BOLT=10)
    product = Noting(shop.product())
    requests = [
        replace(order(f"{number}", BOLT=1), traceparent=f"00-{trace(number)}-{'b' * 16}-00") for number in (3, 4)
    ]
    await shop.place_batch(requests, product)
    assert product.traces == [requests[0].traceparent]
    assert traceparent.get() is None


async def test_what_customers_look_at_together_is_part_of_the_trace_of_the_first(shop: Shop) -> None:
    await shop.stock(BOLT=10)
    product = Noting(shop.product())
    traces = [f"00-{trace(number)}-{'b' * 16}-00" for number in (5, 6)]
    await Offers(product).look([Look("BOLT", traceparent=one) for one in traces])
    await Offers(product).quote([QuoteRequest((("BOLT", 1),), traceparent=one) for one in reversed(traces)])
    assert product.traces == traces
