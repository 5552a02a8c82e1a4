"""The same system as four processes, beside itself in one: throughput, a lone order's time, and what an order costs."""

import os
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.operator import Operator, operating
from app.supervisor.plan import MODULES
from app.supervisor.runfile import RunFile
from bench import revoking, shipped
from bench.load import Load
from bench.orders import Setting, load, oracle, prepare
from bench.revoking import Place, Revoked
from bench.shipped import Shipped, Watched
from bench.system import admin_dsn, free_port, running

SPLIT = ",".join(MODULES)
LONE_S = 3.0
AT_REST_S = 0.1  # what an order causes is done by then
IN_TURN_S = 1.5
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Placement:
    """What one placement did in one round: many orders at once, lone ones on a system at rest, and one after another.

    `cpu_us` is the processor time that its servers took for each order, its events included; `all_cpu_us` is that with
    PostgreSQL's and Valkey's.
    """

    orders: Load
    lone: Load
    in_turn: Load
    cpu_us: float
    all_cpu_us: float


@dataclass(frozen=True, slots=True)
class Pair:
    """One interleaved round."""

    one: Placement
    four: Placement


class Side:
    """One of the two systems, with a customer's token."""

    def __init__(self, run: RunFile, operator: Operator, token: str, client_id: str, postgres: int) -> None:
        self._run = run
        self._operator = operator
        self._token = token
        self._client_id = client_id
        self._postgres = postgres
        self._loads: list[Load] = []

    async def warm(self) -> None:
        """What comes before the first round."""
        self._loads.append(await load(self._run, self._token, Setting(1, 2), 2))

    async def round(self, setting: Setting) -> Placement:
        """A load, the backlog's end, and lone orders.

        Raises:
            AssertionError: an order was lost, doubled or oversold.
        """
        servers, others = self._cpu_s()
        orders = await load(self._run, self._token, setting)
        self._loads.append(orders)
        await self._check()
        used, others_used = (now - before for now, before in zip(self._cpu_s(), (servers, others), strict=True))
        lone = await load(self._run, self._token, setting, LONE_S, 1, AT_REST_S)
        in_turn = await load(self._run, self._token, setting, IN_TURN_S, 1)
        self._loads += [lone, in_turn]
        await self._check()
        number = orders.statuses[201]
        return Placement(orders, lone, in_turn, used / number * 1e6, (used + others_used) / number * 1e6)

    async def place(self) -> Place:
        """It, to have tokens revoked at."""
        return await Place.of(self._run, self._operator)

    def watched(self, admin_dsn: str) -> Watched:
        """It, to have lone orders followed at until their shipments are there."""
        return Watched(self._run, self._token, self._client_id, admin_dsn)

    async def _check(self) -> None:
        await oracle(self._run, self._operator, self._client_id, self._loads)

    def _cpu_s(self) -> tuple[float, float]:
        servers = sum(_cpu_s(one.pid) for one in self._run.processes if one.pid is not None)
        valkey = (self._run.redis or {}).get("pid")
        others = sum(_cpu_s(pid) for pid in _family(self._postgres))
        return servers, others + (_cpu_s(int(valkey)) if valkey else 0.0)


async def measure(
    folder: Path, setting: Setting
) -> tuple[Sequence[Pair], Sequence[tuple[Shipped, Shipped]], Sequence[Revoked]]:
    """Rounds of one process and of four in turn, on databases of one PostgreSQL: orders, shipments, revoked tokens.

    Raises:
        AssertionError: an order was lost, doubled or oversold, or a revoked token let in for ever: then no figure means
            anything.
    """
    with running(folder / "one", free_port()) as one:
        admin = admin_dsn(folder / "one", one)
        ports = dict(zip(MODULES, _ports(), strict=True))
        words = ("--split", SPLIT, "--ports", ",".join(f"{module}={port}" for module, port in ports.items()))
        databases = _databases(admin)
        with running(folder / "four", free_port(), *words, databases=databases) as four:
            postgres = int((one.postgres or {})["pid"] or 0)
            async with _side(folder / "one", one, postgres) as a, _side(folder / "four", four, postgres) as b:
                await a.warm()
                await b.warm()
                pairs = [Pair(await a.round(setting), await b.round(setting)) for _ in range(setting.rounds)]
                followed = await shipped.measure(a.watched(admin), b.watched(admin), setting.rounds)
                places = await a.place(), await b.place()
                return pairs, followed, await revoking.measure(*places, setting.rounds)


@asynccontextmanager
async def _side(data: Path, run: RunFile, postgres: int) -> AsyncIterator[Side]:
    async with operating(data) as operator:
        token, client_id = await prepare(operator, run)
        yield Side(run, operator, token, client_id, postgres)


def _databases(admin: str) -> Mapping[str, str]:
    """A second set of databases on a server."""
    with psycopg.connect(admin, autocommit=True) as connection:
        for module in MODULES:
            connection.execute(f"CREATE DATABASE four_{module}".encode())
    return {module: f"{admin.rpartition('/')[0]}/four_{module}" for module in MODULES}


def _ports() -> set[int]:
    ports: set[int] = set()
    while len(ports) < len(MODULES):
        ports.add(free_port())
    return ports


def _cpu_s(pid: int) -> float:
    """Processor time that a process has used, its threads included, in seconds."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _family(pid: int) -> Iterator[int]:
    yield pid
    yield from (int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
