"""Orders a second in one process, beside pgbench and beside the echo, with the oracle that counts."""

import asyncio
import itertools
import random
import time
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
from bench.system import admin_dsn, echoing, running
from modules.auth.port import ClientKind
from modules.delivery.port import DeliveryOperatorPort
from modules.product.port import NewProduct
from modules.sales.port import SalesOperatorPort

SKUS = [f"BENCH-{n:04}" for n in range(1000)]
ON_HAND = 1_000_000_000
SHIP_TO = {"name": "Somebody", "line1": "1 Street", "city": "Town", "country": "DE"}
CATCHES_UP_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Round:
    """One interleaved round."""

    pgbench_tps: float
    echo: Load
    orders: Load


async def measure(data: Path, *, rounds: int, seconds: int, connections: int = 64) -> Sequence[Round]:
    """Interleaved rounds against a system of its own in `data`.

    Raises:
        AssertionError: an order was lost, doubled or oversold: then no throughput means anything.
    """
    with running(data) as run, echoing(data, run) as echo_port:
        async with operating(data) as operator:
            token, client_id = await _prepare(operator, run)
            dsn = pgbench.prepare(admin_dsn(data, run))
            port = int(run.url("sales").rpartition(":")[2])
            await drive(port, _requests(token), connections=connections, seconds=2)  # warm
            measured = []
            for _ in range(rounds):
                tps = await asyncio.to_thread(pgbench.measure, dsn, data, clients=connections, seconds=seconds)
                echo = await drive(echo_port, _requests(token), connections=connections, seconds=seconds)
                orders = await drive(port, _requests(token), connections=connections, seconds=seconds)
                measured.append(Round(tps, echo, orders))
            await _oracle(operator, client_id, measured)
    return measured


def _requests(token: str, lines: int = 3) -> Iterator[bytes]:
    dice = random.Random(7)  # noqa: S311  # a load, not a secret
    run = uuid4().hex
    for number in itertools.count():
        body = {"lines": [{"sku": sku, "quantity": 1} for sku in dice.sample(SKUS, lines)], "ship_to": SHIP_TO}
        yield request("/api/v1/orders", token, orjson.dumps(body), f"Idempotency-Key: {run}-{number}")


async def _prepare(operator: Operator, run: RunFile) -> tuple[str, str]:
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


async def _oracle(operator: Operator, client_id: str, measured: Sequence[Round]) -> None:
    """Every 201 is one order with one shipment, and the stock says so."""
    answered = sum(one.orders.statuses[201] for one in measured)
    others = {status: n for one in measured for status, n in one.orders.statuses.items() if status != 201}  # noqa: PLR2004
    deadline = time.monotonic() + CATCHES_UP_WITHIN_S
    while True:
        orders = [one async for one in _facts(operator.sales) if one.client_id == client_id]
        shipments = [one async for one in _facts(operator.delivery)]
        if len(shipments) >= len(orders) or time.monotonic() > deadline:
            break
    confirmed = sum(one.status == "confirmed" for one in orders)
    held = sum(one.held for one in await operator.product.stock(SKUS))
    faults = await operator.product.verify_stock()
    assert not others, f"answers other than 201: {others}"  # noqa: S101  # this is an oracle
    assert answered <= len(orders), f"{answered} answered 201, {len(orders)} stored"  # noqa: S101
    assert len(shipments) == len(orders), f"{len(orders)} orders, {len(shipments)} shipments"  # noqa: S101
    assert held == 3 * len(orders), f"{held} held for {len(orders)} orders of 3"  # noqa: S101
    assert not faults, f"counters differ: {faults[:3]}"  # noqa: S101
    assert confirmed > 0, "no order was confirmed"  # noqa: S101


async def _facts(port: SalesOperatorPort | DeliveryOperatorPort) -> AsyncIterator[Any]:
    after: Any = None
    while page := await port.facts(after, 5000):
        for fact in page:
            yield fact
        after = page[-1].id
