"""Redis is away for longer than can be waited for: orders are refused, with when to come back, and all else goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.system.deployment import Deployment, deployed, operating
from tests.system.parties import CATALOGUE, admit
from tests.system.test_outages import soon

MOST = 3


@pytest.fixture
def brimming(tmp_path: Path, dsn_of: Callable[[str], str]) -> Iterator[Deployment]:
    """Four services that take on few events."""
    with deployed(tmp_path / "deployment", dsn_of, WAYBILL_EVENTS__MAX_UNPUBLISHED=str(MOST)) as services:
        yield services


async def test_with_more_events_waiting_than_are_taken_on_orders_get_503_until_redis_is_back(
    brimming: Deployment,
) -> None:
    async with (
        operating(brimming.folder) as operator,
        httpx.AsyncClient(base_url=brimming.url("auth")) as auth,
        httpx.AsyncClient(base_url=brimming.url("sales"), timeout=20) as sales,
    ):
        await operator.product.import_products("test", CATALOGUE)
        customer = await admit(operator, auth, "shop", "sales", "orders:read orders:write", at=sales)

        async def place() -> httpx.Response:
            return await customer.order(None, TEA=1)

        async def placed() -> bool:
            return (await place()).status_code == 201

        async def refused() -> bool:
            return (await place()).status_code == 503

        await soon(placed, 10)
        brimming.valkey.stop()
        await soon(refused, 30)
        before = await operator.sales.orders(limit=200)
        assert len(before) > MOST, "fewer were taken on than may wait"
        answer = await place()
        assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "overloaded", "5")
        assert await operator.sales.orders(limit=200) == before
        listed = await customer.ask("GET", "/api/v1/orders?limit=200")
        assert [one["id"] for one in listed.json()["items"]] == [str(one.id) for one in before]
        assert 'waybill_outbox_full{module="sales"} 1.0' in (await sales.get("/metrics")).text
        assert "is refused" in brimming.log("sales")

        brimming.valkey.prepare()
        brimming.restart_valkey()
        await soon(placed, 20)
