"""SIGTERM: a process says that it leaves, answers what it has, leaves the rest to others, and ends well and in time."""

import asyncio
import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest

from tests.system.alone import Alone
from tests.system.balancer import Line
from tests.system.deployment import MODULES, operating
from tests.system.parties import CATALOGUE, Party, admit
from tests.system.ports import free_ports

LEFT = "SELECT bool_and(expires_at <= clock_timestamp()) FROM relay_lease"
LEASES = ("sales", "delivery")

Tell = Callable[[str, object], None]


@dataclass(frozen=True)
class World:
    """A process, a customer of it, and the line to its databases."""

    process: Alone
    customer: Party
    line: Line
    databases: Mapping[str, str]

    async def ready(self) -> int:
        """What it says of itself, on a new connection; 0 when it takes none."""
        try:
            async with httpx.AsyncClient() as http:
                return (await http.get(f"{self.process.url}/health/ready", timeout=5)).status_code
        except httpx.TransportError:
            return 0


@asynccontextmanager
async def world(folder: Path, database: Callable[[str], str], *words: str) -> AsyncIterator[World]:
    databases = {module: database(module) for module in MODULES}
    port, of_line = free_ports(2)
    server = urlsplit(databases["sales"]).port or 0
    folder.mkdir()  # noqa: ASYNC240  # at once
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(Line(of_line, server).listening())
        through = {module: dsn.replace(f":{server}/", f":{of_line}/") for module, dsn in databases.items()}
        process = Alone(folder, port, through, *words)
        stack.callback(process.end)
        await asyncio.to_thread(process.ready)
        process.describe(databases)
        operator = await stack.enter_async_context(operating(folder))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=process.url, timeout=30))
        await operator.product.import_products("test", CATALOGUE)
        customer = await admit(operator, http, "shop", "sales", "orders:read orders:write")
        yield World(process, customer, line, databases)


@asynccontextmanager
async def waiting_for_a_lock(there: World, work: Callable[[], Any]) -> AsyncIterator["asyncio.Task[Any]"]:
    """Work that waits for a lock in sales' database, for as long as this lasts."""
    async with await psycopg.AsyncConnection.connect(there.databases["sales"]) as holder:
        await holder.execute('LOCK TABLE "order" IN EXCLUSIVE MODE')
        task = asyncio.create_task(work())
        async with asyncio.timeout(10):
            while not await _waits(there):  # noqa: ASYNC110  # news from afar
                await asyncio.sleep(0.01)
        yield task


async def _waits(there: World) -> bool:
    async with await psycopg.AsyncConnection.connect(there.databases["sales"]) as connection:
        asked = await connection.execute("SELECT FROM pg_locks WHERE NOT granted")
        return await asked.fetchone() is not None


async def _followed(there: World, order_id: str, begun: asyncio.Event) -> None:
    """Read a stream to its end; a broken one raises."""
    hello = {"Authorization": f"Bearer {there.customer.token}"}
    async with (
        httpx.AsyncClient(base_url=there.process.url, timeout=30, headers=hello) as http,
        http.stream("GET", f"/api/v1/orders/{order_id}/events") as answer,
    ):
        async for _ in answer.aiter_lines():
            begun.set()


async def _until_seen(there: World) -> None:
    """Until it says that it is not ready; one that has closed before that never says so."""
    while (status := await there.ready()) != 503:
        assert status == 200, "it closed before anybody could see that it leaves"


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_told_to_stop_a_process_says_so_answers_what_it_has_gives_its_lease_back_and_ends_well(
    workers: str, tmp_path: Path, dsn_of: Callable[[str], str], record_property: Tell
) -> None:
    async with world(tmp_path / "data", dsn_of, "--workers", workers) as there:
        order_id = (await there.customer.order("first", TEA=1)).raise_for_status().json()["id"]
        followed = asyncio.Event()
        following = asyncio.create_task(_followed(there, order_id, followed))
        await followed.wait()
        async with waiting_for_a_lock(there, lambda: there.customer.order("in hand", TEA=1)) as ordering:
            told_at = time.monotonic()
            there.process.process.send_signal(signal.SIGTERM)
            await _until_seen(there)
            there.process.process.send_signal(signal.SIGTERM)
            there.process.process.send_signal(signal.SIGINT)
            await following
        assert (await ordering).status_code == 201
        assert await asyncio.to_thread(there.process.ended) == 0
        record_property("ended after", time.monotonic() - told_at)
        for module in LEASES:
            with psycopg.connect(there.databases[module]) as connection:
                assert connection.execute(LEFT).fetchone() == (True,)


async def test_with_its_databases_halted_a_process_ends_in_time(
    tmp_path: Path, dsn_of: Callable[[str], str], record_property: Tell
) -> None:
    async with world(tmp_path / "data", dsn_of) as there:
        there.line.halt()
        asking = asyncio.create_task(there.customer.ask("GET", "/api/v1/orders"))
        told_at = time.monotonic()
        there.process.process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(there.process.ended) == 0
        record_property("ended after", time.monotonic() - told_at)
        await asyncio.wait([asking])
