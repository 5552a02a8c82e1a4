"""From an order's COMMIT until its shipment is there in sales, on an idle system, beside three durable commits in series.

Three are the least that this way needs: the order's, the shipment's, and that of sales when it hears of it.
"""

import asyncio
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import psycopg

from app.supervisor.runfile import RunFile
from bench.load import Load, drive
from bench.orders import requests

ORDERS = 60
AT_REST_S = (0.1, 0.2)
LOOK_EVERY_S = 0.0002
GIVEN_UP_AFTER_S = 10.0
COMMITS = 3
NEWEST = """
    SELECT id, EXISTS (SELECT FROM order_shipment s WHERE s.order_id = o.id) FROM "order" o
    WHERE client_id = %s AND idempotency_key = %s
"""
COMMIT = "INSERT INTO three_commits (data) VALUES (%s)"
DATA = "-" * 500


@dataclass(frozen=True, slots=True)
class Shipped:
    """How long orders took on their way, and three commits beside each."""

    orders: Load = field(default_factory=Load)
    commits: Load = field(default_factory=Load)

    def add(self, other: "Shipped") -> None:
        """Count in another round."""
        self.orders.add(other.orders)
        self.commits.add(other.commits)


class Watched:
    """A system whose sales database is looked at while lone orders are placed."""

    def __init__(self, run: RunFile, token: str, client_id: str, admin_dsn: str) -> None:
        self._port = int(run.url("sales").rpartition(":")[2])
        self._requests = requests(token)
        self._client_id = client_id
        self._sales = run.databases["sales"]
        self._admin = admin_dsn

    async def round(self) -> Shipped:
        """Lone orders, each on a system at rest, and three commits after each.

        Raises:
            AssertionError: an order got no shipment.
        """
        found = Shipped()
        with (
            psycopg.connect(self._sales, autocommit=True) as sales,
            psycopg.connect(self._admin, autocommit=True) as own,
        ):
            own.execute("CREATE TABLE IF NOT EXISTS three_commits (id bigint GENERATED ALWAYS AS IDENTITY, data text)")
            for _ in range(ORDERS):
                await asyncio.sleep(random.uniform(*AT_REST_S))  # noqa: S311  # a moment, not a secret
                found.orders.took_ms.append(await self._order_ms(sales))
                found.commits.took_ms.append(await asyncio.to_thread(_commits_ms, own))
        return found

    async def _order_ms(self, sales: psycopg.Connection) -> float:
        message = next(self._requests)
        watching = asyncio.create_task(asyncio.to_thread(_watch_ms, sales, self._client_id, _key(message)))
        placed = await drive(self._port, _one(message), connections=1, seconds=GIVEN_UP_AFTER_S)
        assert placed.statuses == {201: 1}, f"an order was answered {placed.statuses}"  # noqa: S101
        return await watching


def _one(message: bytes) -> Iterator[bytes]:
    yield message


def _key(message: bytes) -> str:
    return message.partition(b"Idempotency-Key: ")[2].partition(b"\r\n")[0].decode()


def _watch_ms(sales: psycopg.Connection, client_id: str, key: str) -> float:
    """From the first look that sees the order until the first that sees its shipment."""
    given_up = time.perf_counter() + GIVEN_UP_AFTER_S
    committed = 0.0
    while time.perf_counter() < given_up:
        row = sales.execute(NEWEST, [client_id, key], prepare=True).fetchone()
        now = time.perf_counter()
        if row and not committed:
            committed = now
        if row and row[1]:
            return (now - committed) * 1000
        time.sleep(LOOK_EVERY_S)
    raise AssertionError("an order got no shipment")


def _commits_ms(own: psycopg.Connection) -> float:
    began = time.perf_counter()
    for _ in range(COMMITS):
        own.execute(COMMIT, [DATA], prepare=True)
    return (time.perf_counter() - began) * 1000


async def measure(one: Watched, four: Watched, rounds: int) -> Sequence[tuple[Shipped, Shipped]]:
    """Rounds of one process and of four, in turn."""
    return [(await one.round(), await four.round()) for _ in range(rounds)]
