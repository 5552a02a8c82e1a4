"""A system with a million orders beside one with a thousand: whether a list, an order, a new order takes longer.

`python -m bench.stored` fills the databases of both by COPY, asks both in turn, and prints what it found.
"""

import asyncio
import itertools
import statistics
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import psycopg

from app.operator import operating
from app.supervisor.plan import MODULES
from app.supervisor.runfile import RunFile
from bench.load import HEAD_END, Load, drive
from bench.orders import prepare, requests
from bench.system import admin_dsn, free_port, running
from modules.web.answer import cursor_of

FEW, MANY = 1_000, 1_000_000
ROUNDS, ASKED = 31, 30
LONG_LIVED = {"WAYBILL_TOKENS__ACCESS_TTL_S": "3600"}
CUSTOMERS = 100
"""Besides the one that asks, which has half of all orders."""
FIRST = datetime(2020, 1, 1, tzinfo=UTC)
EVERY = timedelta(seconds=60)
BLOCK = 10_000
SHIP_TO = '{"name":"Somebody","line1":"1 Street","city":"Town","country":"DE"}'
LISTS: Mapping[str, Mapping[str, str]] = {
    "the newest": {},
    "from the middle": {"cursor": ""},
    "by reference": {"reference": ""},
    "of a minute": {"placed_after": "", "placed_before": ""},
}
ASKED_FOR = ("place", "one order", *LISTS)


@dataclass(frozen=True, slots=True)
class Stored:
    """A system with so many orders, and a customer of it."""

    run: RunFile
    token: str
    client_id: str
    orders: int

    async def ask(self, what: str) -> Load:
        """Some requests of a kind, one after the other."""
        messages = itertools.islice(self._messages(what), ASKED)
        port = int(self.run.url("sales").rpartition(":")[2])
        load = await drive(port, messages, connections=1, seconds=60)
        wanted = 201 if what == "place" else 200
        assert load.statuses == {wanted: ASKED}, f"{what}: {load.statuses}"  # noqa: S101  # then no figure means anything
        return load

    def _messages(self, what: str) -> Iterator[bytes]:
        if what == "place":
            return requests(self.token)
        if what == "one order":
            step = max(1, self.orders // ASKED // 2 * 2)
            return (self._get(f"/api/v1/orders/{order_id(n * step % self.orders)}") for n in itertools.count())
        return itertools.repeat(self._get("/api/v1/orders?limit=50" + self._query(LISTS[what])))

    def _query(self, filters: Mapping[str, str]) -> str:
        middle = self.orders // 2 // 2 * 2
        known = {
            "cursor": cursor_of(FIRST + EVERY * middle, order_id(middle)),
            "reference": f"PO-{middle}",
            "placed_after": (FIRST + EVERY * (middle - 2)).isoformat(),
            "placed_before": (FIRST + EVERY * (middle + 2)).isoformat(),
        }
        return "".join(f"&{name}={quote(value or known[name])}" for name, value in filters.items())

    def _get(self, path: str) -> bytes:
        lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {self.token}"]
        return "\r\n".join(lines).encode() + HEAD_END


def order_id(number: int) -> UUID:
    """The id of an order that was filled in; ids grow with time, as those of UUIDv7."""
    milliseconds = int((FIRST + EVERY * number).timestamp() * 1000)
    return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | number)


def hold_id(number: int) -> UUID:
    """The id of its hold."""
    return UUID(int=order_id(number).int | 1 << 60)


def fill(dsns: Mapping[str, str], client_id: str, orders: int) -> None:
    """Write so many orders that are delivered, with what sales and product have of them. Every other is the client's."""

    def row(number: int) -> dict[str, object]:
        client = client_id if number % 2 == 0 else f"customer-{number % CUSTOMERS}"
        at = (FIRST + EVERY * number).isoformat()
        return {"n": number, "id": order_id(number), "hold": hold_id(number), "client": client, "at": at}

    _copy(dsns["sales"], FILLED_SALES, row, orders)
    _copy(dsns["product"], FILLED_PRODUCT, row, orders)


FILLED_SALES = {
    '"order" (id, client_id, idempotency_key, fingerprint, hold_id, status, currency, total, ship_to, reference, metadata,'
    " version, event_sequence, placed_at, updated_at)": "{id}\t{client}\tkey-{n}\tf\t{hold}\tdelivered\tEUR\t100\t"
    + SHIP_TO.replace("{", "{{").replace("}", "}}")
    + "\tPO-{n}\t{{}}\t5\t1\t{at}\t{at}\n",
    "order_line (order_id, position, sku, name, quantity, unit_price)": "{id}\t1\tBENCH-0001\tBENCH-0001\t1\t100\n",
    "order_transition (order_id, sequence, from_status, to_status, reason, actor, at)": (
        "{id}\t1\t\\N\tplaced\t\\N\t{client}\t{at}\n"
    ),
    "order_shipment (order_id, part, shipment_id, status, carrier, tracking_code, lines)": (
        '{id}\t1\t{hold}\tdelivered\tby hand\tT-{n}\t[{{"sku":"BENCH-0001","quantity":1}}]\n'
    ),
    "hold_decision (hold_id, order_id, decided_at)": "{hold}\t{id}\t{at}\n",
}
FILLED_PRODUCT = {
    "hold (hold_id, order_id, state, fingerprint, expires_at)": "{hold}\t{id}\tclosed\tf\t{at}\n",
    "hold_line (hold_id, sku, quantity, unit_price, currency, shipped, released)": (
        "{hold}\tBENCH-0001\t1\t100\tEUR\t1\t0\n"
    ),
}


def _copy(dsn: str, tables: Mapping[str, str], row: Callable[[int], Mapping[str, object]], orders: int) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # what refers to what is known to be there
        for table, line in tables.items():
            with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN".encode()) as copy:
                for first in range(0, orders, BLOCK):
                    numbers = range(first, min(first + BLOCK, orders))
                    copy.write("".join(line.format(**row(number)) for number in numbers))
            name = table.partition(" ")[0]
            connection.execute(f"VACUUM ANALYZE {name}".encode())


async def measure(folder: Path, many: int) -> Mapping[str, Sequence[tuple[float, float]]]:
    """By what was asked for, the p50 in milliseconds of few and of many, a pair a round, taken in turn.

    Raises:
        AssertionError: something was not answered as it should be.
    """
    with running(folder / "many", free_port(), relay=False, variables=LONG_LIVED) as one:
        admin = admin_dsn(folder / "many", one)
        databases = _databases(admin)
        with running(folder / "few", free_port(), relay=False, databases=databases, variables=LONG_LIVED) as other:
            async with _filled(folder / "many", one, admin, many) as a, _filled(folder / "few", other, admin, FEW) as b:
                for what in ASKED_FOR:
                    await a.ask(what)
                    await b.ask(what)  # warm
                rounds = [{what: await _pair(b, a, what, turn) for what in ASKED_FOR} for turn in range(ROUNDS)]
    return {what: [one_round[what] for one_round in rounds] for what in ASKED_FOR}


async def _pair(few: Stored, many: Stored, what: str, turn: int) -> tuple[float, float]:
    """The p50 of both; each is the first in every other round."""
    sides = (few, many) if turn % 2 else (many, few)
    found = {side.orders: (await side.ask(what)).percentile(0.5) for side in sides}
    return found[few.orders], found[many.orders]


@asynccontextmanager
async def _filled(data: Path, run: RunFile, admin: str, orders: int) -> AsyncIterator[Stored]:
    async with operating(data) as operator:
        token, client_id = await prepare(operator, run)
        server = admin.rpartition("/")[0]
        dsns = {module: f"{server}/{dsn.rpartition('/')[2]}" for module, dsn in run.databases.items()}
        await asyncio.to_thread(fill, dsns, client_id, orders)
        yield Stored(run, token, client_id, orders)


def _databases(admin: str) -> Mapping[str, str]:
    with psycopg.connect(admin, autocommit=True) as connection:
        for module in MODULES:
            connection.execute(f"CREATE DATABASE few_{module}".encode())
    return {module: f"{admin.rpartition('/')[0]}/few_{module}" for module in MODULES}


def main() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory(prefix="waybill-stored-") as folder:
        found = asyncio.run(measure(Path(folder), MANY))
    print(f"{'p50 in ms':36} {FEW:>10} {MANY:>10}   times: the quartiles of {ROUNDS} rounds")
    for what, pairs in found.items():
        ratios = statistics.quantiles([many / few for few, many in pairs], n=4)
        few, many = (statistics.median(side) for side in zip(*pairs, strict=True))
        print(f"{what:36} {few:10.2f} {many:10.2f}   {' '.join(f'{ratio:.2f}' for ratio in ratios)}")


if __name__ == "__main__":
    main()
