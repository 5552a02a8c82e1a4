"""Following an order: nothing is missed across replicas and restarts, nobody follows for longer than they may."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack, aclosing
from typing import Any

import pytest

from app.settings import MODULES
from modules.kernel.clock import SystemClock
from modules.kernel.database import Database
from modules.kernel.errors import Overloaded, TooMany
from modules.kernel.ids import ClientId, OrderId
from modules.kernel.outbox import Outbox
from modules.sales import repository
from modules.sales.port import TransitionView
from modules.sales.service import Cancelling, Orders, Watch
from tests.integration.events.whole import CUSTOMER, Whole
from tests.integration.http_world import ORDER, Api, container_on, opened
from tests.support.statements import traffic

SOON_S = 20.0  # only a test that fails waits so long


def replica(database: Database, **bounds: Any) -> Orders:
    """What another process that hosts sales has."""
    watch, outbox = Watch(database, **bounds), Outbox(database)
    return Orders(database, outbox, watch, Cancelling(database, outbox, SystemClock(), watch.tell))


async def seen(steps: AsyncIterator[Sequence[TransitionView]], number: int) -> list[str]:
    """The next so many steps, as they come."""
    found: list[str] = []
    async with asyncio.timeout(SOON_S):
        while len(found) < number:
            found += [f"{step.sequence} {step.to}" for step in await anext(steps)]
    return found


async def placed(whole: Whole) -> OrderId:
    await whole.stock(BOLT=5)
    return await whole.place("k", BOLT=2)


async def test_what_happens_in_this_process_is_told_without_looking(whole: Whole) -> None:
    order_id = await placed(whole)
    whole.container.watch()._every_s = 3600.0
    async with aclosing(await whole.container.orders().follow(order_id, CUSTOMER, 0)) as steps:
        assert await seen(steps, 1) == ["1 placed"]
        await whole.come_to_rest()
        assert await seen(steps, 1) == ["2 confirmed"]


async def test_what_happens_in_another_replica_is_found_by_looking(whole: Whole) -> None:
    order_id = await placed(whole)
    other = replica(whole.databases["sales"], every_s=0.01)
    async with aclosing(await other.follow(order_id, CUSTOMER, 0)) as steps:
        assert await seen(steps, 1) == ["1 placed"]
        await whole.come_to_rest()
        assert await seen(steps, 1) == ["2 confirmed"]


async def test_a_stream_goes_on_in_another_process_where_it_broke_off(whole: Whole) -> None:
    order_id = await placed(whole)
    async with aclosing(await whole.container.orders().follow(order_id, CUSTOMER, 0)) as steps:
        assert await seen(steps, 1) == ["1 placed"]
    await whole.come_to_rest()
    await whole.report(order_id, "packed", "dispatched", "in_transit", "delivered")
    await whole.come_to_rest()
    later = await replica(whole.databases["sales"]).follow(order_id, CUSTOMER, 1)
    assert [f"{step.sequence} {step.to}" async for batch in later for step in batch] == [
        "2 confirmed",
        "3 packed",
        "4 shipped",
        "5 delivered",
    ]


async def test_however_many_follow_one_statement_looks_for_all_of_them(whole: Whole) -> None:
    await whole.stock(BOLT=100)
    orders = [await whole.place(f"k{number}", BOLT=1) for number in range(20)]
    watch = Watch(whole.databases["sales"])
    with ExitStack() as streams, traffic(whole.databases["sales"], repository) as seen_by_database:
        for order_id in orders:
            streams.enter_context(watch.following(CUSTOMER, order_id, 0))
        await watch._look()
    assert seen_by_database.statements == ["LAST_STEPS"]


async def test_nobody_is_remembered_who_has_left(whole: Whole) -> None:
    order_id = await placed(whole)
    watch = whole.container.watch()
    async with aclosing(await whole.container.orders().follow(order_id, CUSTOMER, 0)) as steps:
        await seen(steps, 1)
        assert len(watch) == 1
    assert (len(watch), dict(watch._followers), dict(watch._clients)) == (0, {}, {})


async def test_a_client_follows_so_many_orders_at_a_time_and_all_together_so_many(whole: Whole) -> None:
    order_id = await placed(whole)
    watch = Watch(whole.databases["sales"], bound=3, bound_a_client=2)
    with watch.following(CUSTOMER, order_id, 0), watch.following(CUSTOMER, order_id, 0):
        with pytest.raises(TooMany):
            watch.admit(CUSTOMER)
        with watch.following(ClientId("another"), order_id, 0), pytest.raises(Overloaded):
            watch.admit(ClientId("a third"))
    watch.admit(CUSTOMER)


@pytest.fixture
async def api(dsn_of: Callable[[str], str]) -> AsyncIterator[Api]:
    made = await opened(container_on({module: dsn_of(module) for module in MODULES}))
    yield made
    await made.close()


async def test_a_stream_ends_when_the_client_is_disabled(api: Api) -> None:
    order = (await api.ask("POST", "/api/v1/orders", json=ORDER)).json()
    (client,) = [one for one in (await api.container.auth().list_clients()).items if one.name == "sales"]

    async def read() -> str:
        answer = await api.ask("GET", f"/api/v1/orders/{order['id']}/events")
        return answer.text

    reading = asyncio.create_task(read())
    async with asyncio.timeout(SOON_S):
        while not len(api.container.watch()):  # noqa: ASYNC110  # it begins when its request arrives
            await asyncio.sleep(0.01)
        await api.container.auth().disable_client("test", client.id)
        await api.container.verifier().learn(api.container.auth_port())
        assert (await reading).count("event: transition") == 1
    assert len(api.container.watch()) == 0
