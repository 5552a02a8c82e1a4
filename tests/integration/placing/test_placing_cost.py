"""What placing costs: the same statements for one order and for a batch of 64, and no thread but the loop's."""

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from app.batching import Batcher
from app.database import open_database
from app.http import Health, create_app
from modules.kernel import outbox
from modules.kernel.clock import SystemClock
from modules.kernel.ids import ClientId
from modules.kernel.outbox import Outbox
from modules.kernel.principal import Principal
from modules.product import repository as product
from modules.sales import api
from modules.sales import repository as sales
from modules.sales.service import Cancelling, Orders, Placed, PlaceOrder, Watch
from tests.support.orders import SHIP_TO, order, told
from tests.support.shop import Shop
from tests.support.statements import traffic

LOOK_AND_STORE = ["ORDERS", "DECIDE", "INSERT_ORDERS", "RECORD"]
HOLD = ["OPEN_HOLDS", "LOCK_STOCK", "BOOK", "HOLD_LINES_NEW"]

of_any_size = pytest.mark.parametrize("size", [1, 8, 64])


def orders(size: int) -> list[PlaceOrder]:
    return [order(f"{number}", BOLT=1, NUT=2) for number in range(size)]


@of_any_size
async def test_a_batch_of_new_orders_costs_six_statements_in_sales_and_four_in_product_whatever_its_size(
    shop: Shop, size: int
) -> None:
    await shop.stock(BOLT=100, NUT=200)
    with (
        traffic(shop.sales_database, sales, outbox) as to_sales,
        traffic(shop.product_database, product) as to_product,
    ):
        outcomes = await shop.place_batch(orders(size))
    assert [told(one) for one in outcomes] == ["placed"] * size
    assert (to_sales.statements, to_sales.commits) == (LOOK_AND_STORE, 1)
    assert (to_product.statements, to_product.commits) == (HOLD, 1)


@of_any_size
async def test_a_batch_of_repeated_orders_costs_one_statement_whatever_its_size(shop: Shop, size: int) -> None:
    await shop.stock(BOLT=100, NUT=200)
    await shop.place_batch(orders(size))
    with (
        traffic(shop.sales_database, sales) as to_sales,
        traffic(shop.product_database, product) as to_product,
    ):
        outcomes = await shop.place_batch(orders(size))
    assert [told(one) for one in outcomes] == ["replayed"] * size
    assert (to_sales.statements, to_sales.commits) == (["ORDERS"], 0)
    assert to_product.statements == []


@of_any_size
async def test_a_batch_of_refused_orders_costs_two_statements_in_sales_and_three_in_product_whatever_its_size(
    shop: Shop, size: int
) -> None:
    await shop.stock(BOLT=0, NUT=0)
    with (
        traffic(shop.sales_database, sales) as to_sales,
        traffic(shop.product_database, product) as to_product,
    ):
        outcomes = await shop.place_batch(orders(size))
    assert [told(one) for one in outcomes] == ["product.out_of_stock"] * size
    assert to_sales.statements == ["ORDERS", "ORDERS"]
    assert to_product.statements == ["OPEN_HOLDS", "LOCK_STOCK", "DROP_HOLDS"]


async def test_64_requests_at_once_are_one_batch(shop: Shop) -> None:
    await shop.stock(BOLT=100, NUT=200)
    place = Batcher[PlaceOrder, Placed](shop.placing().place_orders)
    with traffic(shop.sales_database, sales, outbox) as to_sales:
        await asyncio.gather(*(place(one) for one in orders(64)))
    assert to_sales.statements == LOOK_AND_STORE


class LetsEveryoneIn:
    """A verifier that asks for nothing."""

    def verify(self, token: str, audience: str, *, changes: bool = False) -> Principal:
        del changes
        ends = datetime.now(UTC) + timedelta(hours=1)
        return Principal(ClientId(token), audience, frozenset({"orders:write"}), ends)


def app_of(shop: Shop) -> Any:
    async def refreshed() -> None: ...

    async def lifetime() -> None: ...

    place = Batcher[PlaceOrder, Placed](shop.placing().place_orders)
    database = shop.sales_database
    watch = Watch(database)
    outbox = Outbox(database)
    orders = Orders(database, outbox, watch, Cancelling(database, outbox, SystemClock(), watch.tell))
    routes = api.routes(place, orders, LetsEveryoneIn())
    return create_app("test", [routes], Health({}, refreshed), lifetime, "http://issuer")  # type: ignore[arg-type]


async def place_over_http(client: httpx.AsyncClient, key: str) -> int:
    body = {"lines": [{"sku": "BOLT", "quantity": 1}], "ship_to": SHIP_TO}
    headers = {"Authorization": "Bearer customer", "Idempotency-Key": key}
    return (await client.post("/api/v1/orders", json=body, headers=headers)).status_code


async def placed_over_http(dsn_of: Callable[[str], str], number: int) -> list[int]:
    shop = Shop(*(open_database(module, dsn_of(module)) for module in ("sales", "product")))
    await shop.stock(BOLT=number)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app_of(shop)), base_url="http://shop") as client:
        answers = await asyncio.gather(*(place_over_http(client, str(key)) for key in range(number + 1)))
    await shop.sales_database.close()
    await shop.product_database.close()
    return sorted(answers)


def threads_started_by(run: Callable[[], None]) -> set[threading.Thread]:
    """New ones: a loop of its own starts with none to take work, so every hop would start one."""
    before = set(threading.enumerate())
    run()
    return set(threading.enumerate()) - before


def test_an_order_over_http_never_leaves_the_thread_of_the_loop(dsn_of: Callable[[str], str]) -> None:
    answers: list[int] = []
    with asyncio.Runner() as runner:
        started = threads_started_by(lambda: answers.extend(runner.run(placed_over_http(dsn_of, 32))))
    assert answers == [201] * 32 + [409]
    assert started == set()


def test_a_hop_to_another_thread_would_be_seen() -> None:
    with asyncio.Runner() as runner:
        assert threads_started_by(lambda: runner.run(asyncio.to_thread(lambda: None)))
