"""Far more demand than stock, over 64 connections at once: exactly what there is is sold, not one more or less.

`TEST_LOAD_ORDERS` says how many orders, 2,000 where it says nothing.
"""

import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.doctor import Examination, examine
from app.operator import Operator, operating
from bench.load import Load, converse, request
from modules.auth.model.scope import SCOPES
from modules.product.port import NewProduct
from tests.system.demand import Demand, Outcome, body_of, demanded, faults, heard
from tests.system.parties import Party, admit
from tests.system.partitions import MODULES
from tests.system.ports import free_port, some_ports, words
from tests.system.running import Running, started

ORDERS = int(os.environ.get("TEST_LOAD_ORDERS", "2000"))
CONNECTIONS = 64
WITHIN_S = 600.0
LAYOUTS = {"one process": None, "four processes": ",".join(MODULES)}


class Buyer:
    """A connection's customer: orders the next that nobody has ordered yet, and remembers every answer."""

    def __init__(self, orders: Iterator[tuple[str, bytes]], answers: list[tuple[str, Any]]) -> None:
        self._orders = orders
        self._answers = answers
        self._key = ""

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        self._key, message = next(self._orders)
        return message

    def hear(self, body: bytes) -> None:
        self._answers.append((self._key, json.loads(body)))


@pytest.mark.parametrize("split", LAYOUTS.values(), ids=LAYOUTS)
async def test_exactly_what_there_is_is_sold_whoever_is_first(
    split: str | None,
    tmp_path: Path,
    dsn_of: Callable[[str], str],
    record_property: Callable[[str, object], None],
) -> None:
    given = {f"WAYBILL_DATABASES__{module.upper()}": dsn_of(module) for module in MODULES}
    given |= {"WAYBILL_LIMITS__ENABLED": "false", "WAYBILL_LOG__LEVEL": "WARNING"}
    wanted = () if split is None else ("--split", split, "--ports", words(some_ports(split)))
    demand = demanded(ORDERS)
    with started(tmp_path / "data", free_port(), *wanted, **given) as system:
        async with operating(system.data) as operator:
            shop = await _opened(system, operator, demand)
            load, answers = await _sold_out(system, shop, demand)
            examination = await _at_rest(system)
            outcome = await _looked_up(operator, shop, demand, answers)
    took = f"{len(demand.sent)} requests in {load.seconds:.1f} s, p99 {load.percentile(0.99):.0f} ms, {dict(load.statuses)}"
    record_property("load", took)

    assert set(load.statuses) == {201, 409}, load.statuses
    assert load.statuses.total() == len(answers) == len(demand.sent)
    assert not (found := list(faults(demand, outcome))), found[:20]
    assert not examination.faults, examination.faults[:20]


async def _opened(system: Running, operator: Operator, demand: Demand) -> Party:
    goods = [NewProduct(sku, sku, 100, "EUR", quantity) for sku, quantity in demand.stock.items()]
    await operator.product.import_products("test", goods)
    async with httpx.AsyncClient(base_url=system.run.url("auth"), timeout=30) as auth:
        return await admit(operator, auth, "shop", "sales", " ".join(SCOPES["sales"]))


async def _sold_out(system: Running, shop: Party, demand: Demand) -> tuple[Load, list[tuple[str, Any]]]:
    """Everything is asked for; every answer with its key."""
    messages = (
        (key, request("/api/v1/orders", shop.token, body_of(demand.orders[key]), f"Idempotency-Key: {key}"))
        for key in demand.sent
    )
    answers: list[tuple[str, Any]] = []
    port = int(system.run.url("sales").rpartition(":")[2])
    load = await converse(port, [Buyer(messages, answers) for _ in range(CONNECTIONS)], seconds=WITHIN_S)
    return load, answers


async def _at_rest(system: Running) -> Examination:
    """What the doctor finds when every event is handled."""
    deadline = time.monotonic() + WITHIN_S
    while (found := await examine(system.data)).under_way:
        assert time.monotonic() < deadline, f"{found.under_way} orders are still under way"
    return found


async def _looked_up(operator: Operator, shop: Party, demand: Demand, answers: list[tuple[str, Any]]) -> Outcome:
    placed, short, others = heard(answers)
    stored: dict[str, Mapping[str, int]] = {}
    async for order in _facts(operator):
        assert str(order.client_id) == shop.client_id
        stored[str(order.id)] = order.quantities
    stock = await operator.product.stock(list(demand.stock))
    counted = [f"{one.sku}: counters are not what movements say" for one in await operator.product.verify_stock()]
    on_hand, held = {one.sku: one.on_hand for one in stock}, {one.sku: one.held for one in stock}
    return Outcome(placed, short, stored, on_hand, held, [*others, *counted])


async def _facts(operator: Operator) -> AsyncIterator[Any]:
    after: Any = None
    while page := await operator.sales.facts(after, 5000):
        for fact in page:
            yield fact
        after = page[-1].id
