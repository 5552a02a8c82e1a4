"""`kill -9` in the middle of 200 orders: every 201 is there afterwards, once, with one shipment, and the stock is right.

In one process, and in four, of each process, of PostgreSQL, and of the Valkey between them.
"""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import httpx

from app.operator import Operator, operating
from modules.product.port import NewProduct
from tests.system.partitions import MODULES
from tests.system.ports import free_port, some_ports, words
from tests.system.running import Running, started

ORDERS = 200
AT_ONCE = 16
SKUS = [f"KILL-{n}" for n in range(10)]
ON_HAND = 10_000
STRIKES_EVERY = 30
PATIENCE_S = 120.0
SHIP_TO = {"name": "Maria Anders", "line1": "Obere Str. 57", "city": "Berlin", "country": "DE"}

ONE = ("auth", "postgres")
FOUR = (*MODULES, "redis", "postgres")


class Client:
    """A customer's system that repeats what it got no answer for, with the same key, as a decent one does."""

    def __init__(self, http: httpx.AsyncClient, token: str) -> None:
        self._http = http
        self._headers = {"Authorization": f"Bearer {token}"}
        self.answered: dict[int, str] = {}
        self.statuses: Counter[int] = Counter()

    async def place(self, number: int) -> None:
        body = {"lines": _lines(number), "ship_to": SHIP_TO}
        headers = self._headers | {"Idempotency-Key": f"order-{number}"}
        while True:
            try:
                answer = await self._http.post("/api/v1/orders", json=body, headers=headers)
            except httpx.TransportError:
                await asyncio.sleep(0.01)  # nobody listens for a moment
                continue
            self.statuses[answer.status_code] += 1
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                break
            await asyncio.sleep(0.01)
        assert answer.status_code == httpx.codes.CREATED, answer.text
        self.answered[number] = answer.json()["id"]


def _lines(number: int) -> list[dict[str, Any]]:
    return [{"sku": SKUS[(number + step) % len(SKUS)], "quantity": step + 1} for step in range(3)]


async def test_after_kill_9_of_each_part_of_one_process_every_order_answered_201_is_there_once(tmp_path: Path) -> None:
    with started(tmp_path / "data", free_port(), WAYBILL_LOG__LEVEL="WARNING") as system:
        await _strike(system, [*ONE, *ONE])


async def test_after_kill_9_of_each_of_four_every_order_answered_201_is_there_once(tmp_path: Path) -> None:
    split = ",".join(MODULES)
    wanted = ("--split", split, "--ports", words(some_ports(split)))
    with started(tmp_path / "data", free_port(), *wanted, WAYBILL_LOG__LEVEL="WARNING") as system:
        await _strike(system, FOUR)


async def _strike(system: Running, victims: Sequence[str]) -> None:
    """Kill the victims, one after the other, in the middle of orders, and see that all is well afterwards."""
    async with operating(system.data) as operator, httpx.AsyncClient(base_url=system.url, timeout=10) as http:
        await operator.product.import_products("test", [NewProduct(sku, sku, 100, "EUR", ON_HAND) for sku in SKUS])
        client = Client(http, await _token(system))
        async with asyncio.timeout(PATIENCE_S):
            await _place_all(client, [_Killer(system, victim) for victim in victims])
            for process in system.run.processes:
                await _settled(process.url, process.modules)
    async with operating(system.data) as operator:
        await _check(operator, client)


class _Killer:
    """Kills its victim; one that is just being started again is waited for."""

    def __init__(self, system: Running, victim: str) -> None:
        self._system = system
        self._victim = victim

    async def __call__(self) -> None:
        while True:
            if pid := self._system.run.pid(self._victim):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass  # it has just died
                else:
                    return
            await asyncio.sleep(0.01)


async def _place_all(client: Client, kills: Sequence[_Killer]) -> None:
    """Place all orders, some at once; the next strikes whenever so many more were answered."""
    waiting = iter(range(ORDERS))
    strikes = list(kills)

    async def one_after_another() -> None:
        for number in waiting:
            await client.place(number)
            if strikes and len(client.answered) >= STRIKES_EVERY * (len(kills) - len(strikes) + 1):
                await strikes.pop(0)()

    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    assert not strikes, "not everything was killed that was to be"


async def _settled(url: str, modules: Sequence[str]) -> None:
    """Wait until every event of a process' modules is handled."""
    emitters = {"sales", "delivery"} & set(modules)
    async with httpx.AsyncClient(base_url=url, timeout=10) as http:
        while emitters:
            try:
                lines = (await http.get("/metrics")).text.splitlines()
            except httpx.TransportError:
                continue
            gauges = [line for line in lines if line.startswith("waybill_outbox_events{")]
            if len(gauges) == 2 * len(emitters) and all(float(line.rpartition(" ")[2]) == 0 for line in gauges):
                return
            await asyncio.sleep(0.01)


async def _check(operator: Operator, client: Client) -> None:
    orders = {str(one.id): one async for one in _facts(operator.sales)}
    assert len(client.answered) == ORDERS
    assert sorted(orders) == sorted(client.answered.values()), "an order was lost, or stored twice"
    for number, order_id in client.answered.items():
        assert orders[order_id].quantities == {line["sku"]: line["quantity"] for line in _lines(number)}
        assert orders[order_id].status == "confirmed"
    shipments = Counter([str(one.order_id) async for one in _facts(operator.delivery)])
    assert shipments == Counter(orders.keys()), "an order has no shipment, or more than one"
    assert await operator.product.verify_stock() == []
    for one in await operator.product.stock(SKUS):
        held = sum(order.quantities.get(one.sku, 0) for order in orders.values())
        assert (one.on_hand, one.held) == (ON_HAND, held)


async def _facts(port: Any) -> AsyncIterator[Any]:
    after = None
    while page := await port.facts(after, 100):
        for fact in page:
            yield fact
        after = page[-1].id


async def _token(system: Running) -> str:
    created = system.ask("client", "create", "shop", "--scope", "orders:write", "--audience", "sales")
    async with httpx.AsyncClient(base_url=system.run.url("auth")) as http:
        answer = await http.post(
            "/auth/token",
            data={"grant_type": "client_credentials"},
            auth=(created["client_id"], created["client_secret"]),
        )
    token: str = answer.json()["access_token"]
    return token
