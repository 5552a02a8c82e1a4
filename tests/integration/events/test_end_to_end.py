"""Orders all the way to the door, through every module, on a bus that behaves and on one that does not."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
from dependency_injector import providers

from modules.kernel.ids import OrderId
from tests.integration.events.sending import stopped
from tests.integration.events.unruly import Unruly
from tests.integration.events.whole import EMITTERS, Whole

WAYS: Mapping[str, str] = {
    "straight": "packed dispatched in_transit delivered",
    "twice": "packed dispatched failed in_transit delivered",
    "back": "packed dispatched failed returned",
    "regret": "packed dispatched in_transit delivered returned",
    "lost": "packed dispatched in_transit failed in_transit failed returned",
    "waits": "packed",
}
FATES: Mapping[str, str] = {
    "straight": "placed confirmed packed shipped delivered",
    "twice": "placed confirmed packed shipped delivery_failed shipped delivered",
    "back": "placed confirmed packed shipped delivery_failed returned",
    "regret": "placed confirmed packed shipped delivered returned",
    "lost": "placed confirmed packed shipped delivery_failed shipped delivery_failed returned",
    "waits": "placed confirmed packed",
}
QUANTITY, ON_HAND = 2, 20

HISTORY = """
    SELECT o.idempotency_key AS key, o.status, array_agg(t.sequence ORDER BY t.sequence) AS numbers,
        string_agg(t.to_status, ' ' ORDER BY t.sequence) AS statuses
    FROM "order" o JOIN order_transition t ON t.order_id = o.id GROUP BY o.id
"""


async def placed(whole: Whole) -> dict[str, OrderId]:
    await whole.stock(BOLT=ON_HAND)
    return {key: await whole.place(key, BOLT=QUANTITY) for key in WAYS}


async def all_is_well(whole: Whole) -> None:
    """Every order has its history without a gap, stock and movements agree, everything is handled and settled."""
    histories = await whole.rows("sales", HISTORY)
    assert {row.key: row.statuses for row in histories} == FATES
    for row in histories:
        assert row.numbers == list(range(1, len(row.numbers) + 1))
        assert row.status == row.statuses.split()[-1]
    assert await whole.container.catalogue().verify_stock() == []
    (stock,) = await whole.rows("product", "SELECT on_hand, held FROM stock")
    gone = sum("dispatched" in way and "returned" not in way for way in WAYS.values())
    assert tuple(stock) == (ON_HAND - QUANTITY * gone, QUANTITY)
    booked = await whole.rows("product", "SELECT kind, count(*) AS n FROM stock_movement GROUP BY kind ORDER BY kind")
    assert {row.kind: row.n for row in booked} == {"count": 1, "hold": 6, "return": 3, "ship": 5}
    for emitter in EMITTERS:
        assert set(await whole.rows(emitter, "SELECT DISTINCT state FROM outbox")) == {("settled",)}
    for module in whole.databases:
        assert await whole.parked(module) == {}
    for subscriber, source in (
        ("delivery", "sales"),
        ("product", "sales"),
        ("sales", "delivery"),
        ("product", "delivery"),
    ):
        last = await whole.rows(source, "SELECT subject, max(sequence) FROM outbox GROUP BY subject ORDER BY subject")
        statement = "SELECT subject, sequence FROM inbox_cursor WHERE source = :source ORDER BY subject"
        assert await whole.rows(subscriber, statement, source=f"/waybill/{source}") == last


async def test_orders_go_from_placing_to_the_door_and_back(whole: Whole) -> None:
    orders = await placed(whole)
    await whole.come_to_rest()
    for key, way in WAYS.items():
        await whole.report(orders[key], *way.split())
    await whole.come_to_rest()
    await all_is_well(whole)


@pytest.mark.parametrize("seed", range(5))
async def test_events_that_come_twice_late_and_in_any_order_end_in_the_same(whole: Whole, seed: int) -> None:
    bus = Unruly(whole.container.bus(), seed)
    whole.container.bus.override(providers.Object(bus))
    orders = await placed(whole)

    await arrive(whole, bus)
    ways = {key: way.split() for key, way in WAYS.items()}
    while any(ways.values()):
        for key, way in ways.items():
            if way:
                await whole.report(orders[key], way.pop(0))
        await whole.relay()
    await arrive(whole, bus)
    await all_is_well(whole)


async def arrive(whole: Whole, bus: Unruly) -> None:
    """Have everything arrive at last."""
    while await whole.unsettled():
        await whole.come_to_rest()
        await bus.let_go()
        await whole.deliver()


@asynccontextmanager
async def running(whole: Whole) -> AsyncIterator[None]:
    """Everything that runs beside requests."""
    jobs = [*(one.run() for one in whole.consumers()), *(one.run() for one in whole.container.relays())]
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        async with asyncio.timeout(20):
            yield
    finally:
        for task in tasks:
            await stopped(task)


@pytest.mark.parametrize("seed", [None, 1])
async def test_with_relays_and_consumers_running_it_ends_in_the_same(whole: Whole, seed: int | None) -> None:
    bus = Unruly(whole.container.bus(), seed or 0)
    if seed is not None:
        whole.container.bus.override(providers.Object(bus))
    async with running(whole):
        orders = await placed(whole)
        while len(await whole.rows("delivery", "SELECT FROM shipment")) < len(orders):
            await bus.let_go()
        for key, way in WAYS.items():
            await whole.report(orders[key], *way.split())
        while await whole.unsettled():
            await bus.let_go()
    await all_is_well(whole)
