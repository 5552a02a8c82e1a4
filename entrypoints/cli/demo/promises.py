"""The promises, checked against what the modules have stored."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from app.operator import Operator
from entrypoints.cli.demo.basket import Basket, needs
from entrypoints.cli.demo.report import Report
from modules.delivery.port import ShipmentFact
from modules.sales.port import OrderFact

PAGE = 500
CATCHES_UP_WITHIN_S = 10.0
LOOK_EVERY_S = 0.05
WAY = ("placed", "confirmed", "packed", "shipped", "delivered")


async def check(
    operator: Operator,
    client_id: str,
    placed: Mapping[str, Basket],
    before: Mapping[str, tuple[int, int]],
    report: Report,
) -> None:
    """Compare what was answered with orders, shipments and stock; `before` is on hand and held when the run began."""
    orders = {str(one.id): one async for one in _pages(operator.sales) if one.client_id == client_id}
    shipments = [one async for one in _pages(operator.delivery) if str(one.order_id) in orders]
    report.promise("nothing lost", _lost(placed, orders), f"each of {len(placed)} orders answered 201 went all its way")
    report.promise(
        "nothing doubled", _doubled(placed, orders, shipments), f"{len(orders)} orders, {len(shipments)} shipments"
    )
    report.promise(
        "nothing oversold",
        await _settled(lambda: _oversold(operator, needs(list(placed.values())), before)),
        "stock left as ordered; counters equal movements; nothing held any more",
    )


async def _settled(look: Callable[[], Awaitable[str | None]]) -> str | None:
    """What `look` finds once product has caught up with delivery, which it may do a moment after sales did."""
    deadline = time.monotonic() + CATCHES_UP_WITHIN_S
    while (fault := await look()) is not None and time.monotonic() < deadline:  # noqa: ASYNC110  # news from afar
        await asyncio.sleep(LOOK_EVERY_S)
    return fault


async def _pages(port: Any) -> AsyncIterator[Any]:
    after = None
    while page := await port.facts(after, PAGE):
        for fact in page:
            yield fact
        after = page[-1].id


def _lost(placed: Mapping[str, Basket], orders: Mapping[str, OrderFact]) -> str | None:
    for order_id, basket in placed.items():
        order = orders.get(order_id)
        if order is None:
            return f"{basket.name} was answered 201 and is not stored"
        if order.quantities != basket.quantities:
            return f"{basket.name} is stored with other lines"
        if order.history != WAY:
            return f"{basket.name} went {' → '.join(order.history)}"
    return None


def _doubled(
    placed: Mapping[str, Basket], orders: Mapping[str, OrderFact], shipments: list[ShipmentFact]
) -> str | None:
    if extra := orders.keys() - placed.keys():
        return f"{len(extra)} orders are stored that were never answered 201"
    parcels = Counter(str(one.order_id) for one in shipments)
    if wrong := [order_id for order_id in placed if parcels[order_id] != 1]:
        return f"{placed[wrong[0]].name} has {parcels[wrong[0]]} shipments"
    for one in shipments:
        if one.quantities != placed[str(one.order_id)].quantities or one.status != "delivered":
            return f"{placed[str(one.order_id)].name} was shipped with other lines, or is {one.status}"
    return None


async def _oversold(
    operator: Operator, shipped: Mapping[str, int], before: Mapping[str, tuple[int, int]]
) -> str | None:
    if faults := await operator.product.verify_stock():
        return f"{faults[0].sku}: {faults[0].what}: {faults[0].counter}, but {faults[0].derived}"
    for one in await operator.product.stock(list(before)):
        on_hand, held = before[one.sku]
        if one.on_hand != on_hand - shipped.get(one.sku, 0):
            return f"{one.sku}: {one.on_hand} on hand, not {on_hand - shipped.get(one.sku, 0)}"
        if one.held != held:
            return f"{one.sku}: {one.held} held, not {held}"
    return None
