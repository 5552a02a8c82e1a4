"""A trial: a customer orders, a warehouse ships, faults strike, and in the end all is compared."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import httpx
from httpx_aiohttp import HttpxAiohttpClient

from app.chaos.connection import IMPATIENT_PAUSE_S, Connection
from app.chaos.customer import AT_ONCE, Customer
from app.chaos.oracle import FINAL, Verdict, judged
from app.chaos.system import System
from app.chaos.warehouse import Warehouse
from app.doctor.invariants import Facts
from app.operator import assembled
from modules.auth.port import ClientKind
from modules.kernel.errors import Unavailable
from modules.product.port import NewProduct

if TYPE_CHECKING:
    from app.container import Container

ACTOR = "cli:chaos"
PLENTY, SCARCE = 1_000_000, 40
SKUS: Mapping[str, int] = {
    **{f"PLENTY-{number:02}": PLENTY for number in range(36)},
    **{f"SCARCE-{number:02}": SCARCE for number in range(3)},
}
"""What there is, of what: some of it runs out in the middle of the trial, and most orders want none of that."""

RATE = 25.0
RESTS_WITHIN_S = 60.0
WALKS_S = 10.0
LOOK_EVERY_S = 0.1
PAGE = 5000
MANY = 1_000_000


class Trial:
    """Orders and parcels that go on, whatever strikes."""

    def __init__(
        self,
        system: System,
        customer: Customer,
        canary: Customer,
        warehouse: Warehouse,
        connections: list[Connection],
    ) -> None:
        self.system = system
        self.customer = customer
        self.canary = canary
        self._warehouse = warehouse
        self._connections = connections

    @property
    def faults_answered(self) -> int:
        """How many answers were such as no client should ever get."""
        return sum(one.faults for one in self._connections)

    @property
    def refusals(self) -> int:
        """How many answers were refusals that are worth asking again."""
        return sum(one.refusals.total() for one in self._connections)

    @property
    def unanswered(self) -> int:
        """How many requests got no answer, and were made again."""
        return sum(one.unanswered for one in self._connections)

    async def during(self, work: Callable[[], Awaitable[Any]], rate: float = RATE) -> Any:
        """Do `work` while orders come in at `rate` a second and parcels go out."""
        enough = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.customer.order_on(rate, enough))
            tasks.create_task(self._warehouse.work_on(enough))
            try:
                return await work()
            finally:
                enough.set()

    async def recovered(self, since: float, within_s: float) -> float:
        """How many seconds after `since` an order was placed and heard of by those who ship it.

        Raises:
            TimeoutError: none was in time.
        """
        async with asyncio.timeout(within_s):
            while (order_id := await self.canary.place_one()) is None:
                pass  # it wanted what is sold out
            while not await self.canary.is_confirmed(order_id):  # noqa: ASYNC110  # news from afar
                await asyncio.sleep(0.01)
        return time.monotonic() - since

    async def verdict(self) -> Verdict:
        """Walk every parcel to the door, wait until nothing happens any more, and compare.

        Raises:
            Unavailable: what the modules have can't be read, and that for too long.
        """
        still, since = None, time.monotonic()
        async with assembled(self.system.data) as container:
            while True:
                await self._walk_parcels()
                late = time.monotonic() > since + RESTS_WITHIN_S
                try:
                    facts = await _facts(container)
                    if (moved := _progress(facts)) != still:  # a slow machine takes longer, and gets there
                        still, since, late = moved, time.monotonic(), False
                    if late or _is_at_rest(facts):
                        stock = await container.catalogue().stock(list(SKUS))
                        return judged(self.customer.told, facts, SKUS, stock)
                except Unavailable:
                    if late:
                        raise
                await asyncio.sleep(LOOK_EVERY_S)

    async def _walk_parcels(self) -> None:
        """Take parcels on until none is on its way, or for so long that it is time to look whether anything moves."""
        enough = time.monotonic() + WALKS_S
        while await self._warehouse.turn() and time.monotonic() < enough:
            pass


async def _facts(container: "Container") -> Facts:
    under_way = frozenset[UUID]().union(*[await one.under_way(MANY) for one in container.outboxes()])
    return Facts(
        [one async for one in _pages(container.orders())],
        [one async for one in _pages(container.delivery())],
        [one async for one in _pages(container.catalogue())],
        await container.catalogue().verify_stock(),
        under_way,
    )


def _is_at_rest(facts: Facts) -> bool:
    open_holds = any(hold.held for hold in facts.holds)
    return not facts.under_way and not open_holds and all(order.status in FINAL for order in facts.orders)


def _progress(facts: Facts) -> object:
    """What differs as long as anything goes on."""
    steps = sum(len(order.history) for order in facts.orders) + sum(len(one.history) for one in facts.shipments)
    return steps, len(facts.under_way), sum(hold.state == "closed" for hold in facts.holds)


async def _pages(port: Any) -> AsyncIterator[Any]:
    after = None
    while page := await port.facts(after, PAGE):
        for fact in page:
            yield fact
        after = page[-1].id


@asynccontextmanager
async def opened(system: System, seed: int) -> AsyncIterator[Trial]:
    """A trial on a system that is ready: with goods on its shelves, and who orders and ships."""
    async with assembled(system.data) as container:
        goods = [NewProduct(sku, sku.title(), 100, "EUR", quantity) for sku, quantity in SKUS.items()]
        await container.catalogue().import_products(ACTOR, goods)
        shop = await _admitted(container, system, "orders", "sales")
        depot = await _admitted(container, system, "shipments", "delivery")
    async with _http(system, "sales") as sales, _http(system, "sales") as own, _http(system, "delivery") as delivery:
        connections = [
            Connection(sales, shop),
            Connection(own, shop, longest_pause_s=IMPATIENT_PAUSE_S),
            Connection(delivery, depot),
        ]
        customer = Customer(connections[0], list(SKUS), random.Random(seed))  # noqa: S311  # the same seed, the same orders
        canary = Customer(connections[1], list(SKUS), random.Random(-seed), customer.told)  # noqa: S311
        yield Trial(system, customer, canary, Warehouse(connections[2]), connections)


def _http(system: System, module: str) -> httpx.AsyncClient:
    return HttpxAiohttpClient(base_url=system.run.url(module), limits=httpx.Limits(max_connections=AT_ONCE))


async def _admitted(container: Any, system: System, what: str, audience: str) -> str:
    """A token of a new client."""
    scopes = [f"{what}:read", f"{what}:write"]
    made = await container.auth().create_client(
        ACTOR, f"chaos {what} {uuid4()}", scopes, [audience], ClientKind.CUSTOMER
    )
    async with httpx.AsyncClient(base_url=system.run.url("auth"), trust_env=False) as auth:
        answer = await auth.post(
            "/auth/token",
            data={"grant_type": "client_credentials"},
            auth=(made.client.id, made.client_secret),
        )
    token: str = answer.raise_for_status().json()["access_token"]
    return token
