"""One process becomes four, and one again, with events on their way: each takes effect once and in order, on any bus."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg

from app.doctor.invariants import Facts, judge
from app.operator import Operator, operating
from modules.product.port import NewProduct
from tests.system.parties import Party, admit
from tests.system.partitions import MODULES
from tests.system.ports import free_port, some_ports, words
from tests.system.running import Running, started
from tests.system.test_outages import soon

SPLIT = ",".join(MODULES)
SUBSCRIBERS = ("sales", "delivery")
ON_HAND = 1000
AT_ONCE = 8
MANY = 1000

HALF = "SELECT count(*) FILTER (WHERE state <> 'settled'), min(split_part(bus, ':', 1)), max(split_part(bus, ':', 1)) FROM outbox"
HISTORIES = """
    SELECT o.id, o.status, string_agg(t.to_status, ' ' ORDER BY t.sequence), array_agg(t.sequence ORDER BY t.sequence)
    FROM "order" o JOIN order_transition t ON t.order_id = o.id GROUP BY o.id, o.status
"""
EVENTS = "SELECT subject, max(sequence), count(*) FROM outbox GROUP BY subject"
CURSORS = "SELECT subject, sequence FROM inbox_cursor WHERE source = %s"


@dataclass
class Phase:
    """The system as it runs for a while, with who orders and who ships."""

    system: Running
    operator: Operator
    shop: Party
    warehouse: Party

    async def place(self, name: str) -> Sequence[str]:
        """So many orders of one piece each."""
        answers = [await self.shop.order(f"{name}-{number}", BOLT=1) for number in range(AT_ONCE)]
        return [answer.raise_for_status().json()["id"] for answer in answers]

    async def report(self, orders: Sequence[str], *statuses: str) -> None:
        """Have the parcels of these orders go so far."""
        for order_id in orders:
            (parcel,) = (await self.warehouse.ask("GET", f"/api/v1/shipments?order_id={order_id}")).json()["items"]
            path = f"/api/v1/shipments/{parcel['id']}/status"
            for status in statuses:
                headers = {"Idempotency-Key": f"{parcel['id']}-{status}"}
                answer = await self.warehouse.ask("POST", path, json={"status": status}, headers=headers)
                assert answer.is_success, answer.text

    def rows(self, module: str, statement: str, *values: Any) -> Sequence[Any]:
        with psycopg.connect(self.system.run.databases[module]) as connection:
            return connection.execute(statement.encode(), values).fetchall()

    async def settled(self) -> None:
        """Until every event is handled by all."""

        async def all_of_them() -> bool:
            return not any(self.rows(module, HALF)[0][0] for module in SUBSCRIBERS)

        await soon(all_of_them, 30)

    async def half_way(self, bus: str) -> None:
        """Until every event went out on this bus; some of each emitter stay unsettled there."""

        async def all_out() -> bool:
            return not any(
                self.rows(module, "SELECT FROM outbox WHERE state = 'recorded' LIMIT 1") for module in SUBSCRIBERS
            )

        await soon(all_out, 30)
        for module in SUBSCRIBERS:
            ((unsettled, *buses),) = self.rows(module, HALF + " WHERE state <> 'settled'")
            assert unsettled >= AT_ONCE
            assert buses == [bus, bus]

    @contextmanager
    def deaf(self) -> Iterator[None]:
        """Sales and delivery handle nothing meanwhile, as if it took them for ever; it ends with their database."""
        with ExitStack() as stack:
            for module in SUBSCRIBERS:
                connection = psycopg.connect(self.system.run.databases[module])
                stack.callback(connection.close)
                connection.execute("LOCK TABLE inbox_cursor IN EXCLUSIVE MODE")
            yield


@asynccontextmanager
async def phase(system: Running) -> AsyncIterator[Phase]:
    run = system.run
    async with (
        operating(system.data) as operator,
        httpx.AsyncClient(base_url=run.url("auth")) as auth,
        httpx.AsyncClient(base_url=run.url("sales"), timeout=20) as sales,
        httpx.AsyncClient(base_url=run.url("delivery"), timeout=20) as delivery,
    ):
        shop = await admit(operator, auth, "shop", "sales", "orders:read orders:write", at=sales)
        warehouse = await admit(operator, auth, "warehouse", "delivery", "shipments:read shipments:write", at=delivery)
        yield Phase(system, operator, shop, warehouse)


async def test_what_is_on_its_way_when_one_process_becomes_four_and_one_again_takes_effect_once_and_in_order(
    tmp_path: Path,
) -> None:
    data, four = tmp_path / "data", ("--split", SPLIT, "--ports", words(some_ports(SPLIT)))
    with ExitStack() as deafness, started(data, free_port()) as system:
        async with phase(system) as now:
            await now.operator.product.import_products("test", [NewProduct("BOLT", "Bolt", 100, "EUR", ON_HAND)])
            first = await now.place("first")
            await now.settled()
            deafness.enter_context(now.deaf())
            second = await now.place("second")
            await now.report(first, "packed", "dispatched")
            await now.half_way("in_process")
    with ExitStack() as deafness, started(data, free_port(), *four) as system:
        async with phase(system) as now:
            await now.settled()
            assert state(now) == told({"shipped": first, "confirmed": second})
            deafness.enter_context(now.deaf())
            third = await now.place("third")
            await now.report(second, "packed", "dispatched", "in_transit")
            await now.report(first, "in_transit", "delivered")
            await now.half_way("redis")
    with started(data, free_port()) as system:
        async with phase(system) as now:
            await now.settled()
            assert state(now) == told({"delivered": first, "shipped": second, "confirmed": third})
            await sound(now, gone=2 * AT_ONCE, orders=3 * AT_ONCE)


WALK = "placed confirmed packed shipped delivered"


def told(expected: dict[str, Sequence[str]]) -> dict[str, str]:
    """What the customer is to be told of each order, from its beginning."""
    return {one: WALK[: WALK.index(status) + len(status)] for status, orders in expected.items() for one in orders}


def state(now: Phase) -> dict[str, str]:
    """Every status that each order had, in order and without a gap."""
    found = {}
    for order_id, status, statuses, numbers in now.rows("sales", HISTORIES):
        assert numbers == list(range(1, len(numbers) + 1))
        assert statuses.split()[-1] == status
        found[str(order_id)] = statuses
    return found


async def sound(now: Phase, *, gone: int, orders: int) -> None:
    """Every event was handled once by all, and the modules agree."""
    for emitter, subscribers in {"sales": ("delivery", "product"), "delivery": ("sales", "product")}.items():
        events = now.rows(emitter, EVENTS)
        assert all(last == count for _, last, count in events), "the numbers of a subject's events have a gap"
        for subscriber in subscribers:
            handled = dict(now.rows(subscriber, CURSORS, f"/waybill/{emitter}"))
            assert handled == {subject: last for subject, last, _ in events}, f"{subscriber} of {emitter}"
            assert now.rows(subscriber, "SELECT FROM inbox_parked") == []
    sales, delivery, product = now.operator.sales, now.operator.delivery, now.operator.product
    facts = Facts(
        await sales.facts(None, MANY),
        await delivery.facts(None, MANY),
        await product.facts(None, MANY),
        await product.verify_stock(),
    )
    assert [fault for finding in judge(facts) for fault in finding.faults] == []
    assert (len(facts.orders), len(facts.shipments)) == (orders, orders)
    (stock,) = await product.stock(["BOLT"])
    assert (stock.on_hand, stock.held) == (ON_HAND - gone, orders - gone)
