"""Orders a second in one process, beside pgbench and beside the echo, with the oracle that counts."""

import asyncio
import itertools
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson

from app.operator import Operator, operating
from app.supervisor.runfile import RunFile
from bench import pgbench
from bench.load import Load, drive, request
from bench.system import admin_dsn, echoing, free_port, running
from modules.auth.port import ClientKind
from modules.delivery.port import DeliveryOperatorPort
from modules.product.port import NewProduct
from modules.sales.port import SalesOperatorPort

SKUS = [f"BENCH-{n:04}" for n in range(1000)]
ON_HAND = 1_000_000_000
SHIP_TO = {"name": "Somebody", "line1": "1 Street", "city": "Town", "country": "DE"}
LINES = 3
LOOK_EVERY_S = 0.05
CATCHES_UP_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Round:
    """One interleaved round: the least an order needs, the echo, and orders accepted while their events wait."""

    pgbench_tps: float
    echo: Load
    orders: Load


@dataclass(frozen=True, slots=True)
class Sustained:
    """Orders accepted while all events are handled, and how long the backlog took to go when the load had ended."""

    orders: Load
    backlog_gone_s: float


@dataclass(frozen=True, slots=True)
class Setting:
    """How hard is measured."""

    rounds: int
    seconds: int
    connections: int = 64


async def measure(data: Path, setting: Setting) -> tuple[Sequence[Round], Sequence[Sustained]]:
    """Rounds against a system of its own in `data`, first with its relays off, then with all it does.

    Raises:
        AssertionError: an order was lost, doubled or oversold: then no throughput means anything.
    """
    port = free_port()  # the same both times: it is part of the issuer, and the token is to stay good
    with running(data, port, relay=False) as run, echoing(data, run) as echo_port:
        async with operating(data) as operator:
            token, client_id = await prepare(operator, run)
            dsn = pgbench.prepare(admin_dsn(data, run))
            await load(run, token, setting, seconds=2)  # warm
            rounds = [await _round(run, token, setting, dsn, data, echo_port) for _ in range(setting.rounds)]
    with running(data, port) as run:
        async with operating(data) as operator:
            await oracle(run, operator, client_id, [one.orders for one in rounds])
            sustained = []
            for _ in range(setting.rounds):
                orders = await load(run, token, setting)
                ended = time.perf_counter()
                await oracle(run, operator, client_id, [orders])
                sustained.append(Sustained(orders, time.perf_counter() - ended))
    return rounds, sustained


async def _round(run: RunFile, token: str, setting: Setting, dsn: str, data: Path, echo_port: int) -> Round:
    tps = await asyncio.to_thread(pgbench.measure, dsn, data, clients=setting.connections, seconds=setting.seconds)
    echo = await drive(echo_port, requests(token), connections=setting.connections, seconds=setting.seconds)
    return Round(tps, echo, await load(run, token, setting))


async def load(
    run: RunFile,
    token: str,
    setting: Setting,
    seconds: float | None = None,
    connections: int | None = None,
    pause_s: float = 0.0,
) -> Load:
    """Place orders over so many connections at once, for so many seconds."""
    return await drive(
        int(run.url("sales").rpartition(":")[2]),
        requests(token),
        connections=connections or setting.connections,
        seconds=seconds or setting.seconds,
        pause_s=pause_s,
    )


def requests(token: str) -> Iterator[bytes]:
    """Orders of three lines, each with a key of its own, without end."""
    dice = random.Random(7)  # noqa: S311  # a load, not a secret
    run = uuid4().hex
    for number in itertools.count():
        body = {"lines": [{"sku": sku, "quantity": 1} for sku in dice.sample(SKUS, LINES)], "ship_to": SHIP_TO}
        yield request("/api/v1/orders", token, orjson.dumps(body), f"Idempotency-Key: {run}-{number}")


async def prepare(operator: Operator, run: RunFile) -> tuple[str, str]:
    """A catalogue with plenty of stock, and a customer: its token, and its client id."""
    await operator.product.import_products("bench", [NewProduct(sku, sku, 100, "EUR", ON_HAND) for sku in SKUS])
    created = await operator.auth.create_client(
        "bench", "bench", ["orders:read", "orders:write"], ["sales"], ClientKind.CUSTOMER
    )
    async with httpx.AsyncClient(base_url=run.url("auth")) as auth:
        answer = await auth.post(
            "/auth/token",
            data={"grant_type": "client_credentials"},
            auth=(created.client.id, created.client_secret),
        )
    token: str = answer.raise_for_status().json()["access_token"]
    return token, created.client.id


async def oracle(run: RunFile, operator: Operator, client_id: str, loads: Sequence[Load]) -> None:
    """Wait for the backlog to go; then every 201 is one order with one shipment, and the stock says so."""
    others = sum((load.statuses for load in loads), Counter())
    answered = others.pop(201, 0)
    assert not others, f"answers other than 201: {others}"  # noqa: S101  # this is an oracle
    deadline = time.monotonic() + CATCHES_UP_WITHIN_S
    async with httpx.AsyncClient() as http:
        while (backlog := await _backlog(http, run)) and time.monotonic() < deadline:  # noqa: ASYNC110  # news from afar
            await asyncio.sleep(LOOK_EVERY_S)
    assert not backlog, f"{backlog} events were not handled within {CATCHES_UP_WITHIN_S} s"  # noqa: S101
    orders = [one async for one in _facts(operator.sales) if one.client_id == client_id]
    shipments = [one async for one in _facts(operator.delivery)]
    held = sum(one.held for one in await operator.product.stock(SKUS))
    faults = await operator.product.verify_stock()
    assert answered <= len(orders), f"{answered} answered 201, {len(orders)} stored"  # noqa: S101
    assert len(shipments) == len(orders), f"{len(orders)} orders, {len(shipments)} shipments"  # noqa: S101
    assert held == LINES * len(orders), f"{held} held for {len(orders)} orders of {LINES}"  # noqa: S101
    assert not faults, f"counters differ: {faults[:3]}"  # noqa: S101
    assert all(one.status == "confirmed" for one in orders), "not every order was confirmed"  # noqa: S101


async def _backlog(http: httpx.AsyncClient, run: RunFile) -> float:
    """Events that are not settled, by the system's own metrics."""
    answers = [(await http.get(f"{process.url}/metrics")).raise_for_status() for process in run.processes]
    lines = [line for answer in answers for line in answer.text.splitlines()]
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("waybill_outbox_events{"))


async def _facts(port: SalesOperatorPort | DeliveryOperatorPort) -> AsyncIterator[Any]:
    after: Any = None
    while page := await port.facts(after, 5000):
        for fact in page:
            yield fact
        after = page[-1].id
