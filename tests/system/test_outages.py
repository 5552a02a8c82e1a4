"""Four services, and one that is away: killed, or standing still with its connections open."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from modules.kernel.ids import new_id
from tests.support.shop_fixture import Server
from tests.system.deployment import MODULES, Deployment, deployed, operating
from tests.system.parties import CATALOGUE, Party, admit
from tests.system.running import waybill

WITHIN_S = 4.0  # the deadline of a batch of orders and of the one it has to wait for
AUTH_AWAY_S = float(os.environ.get("TEST_AUTH_AWAY_S", "3"))

FORGETS = (
    "DELETE FROM inbox_source WHERE source = '/waybill/delivery'",
    "DELETE FROM inbox_cursor WHERE source = '/waybill/delivery'",
)
FOLLOWED = "SELECT sequence FROM inbox_cursor WHERE source = '/waybill/delivery' AND subject = %s"


@pytest.fixture(scope="module")
def deployment(postgres: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    dsns: list[str] = []

    def made(module: str) -> str:
        dsns.append(postgres.create(module))
        return dsns[-1]

    with deployed(tmp_path_factory.mktemp("outages") / "data", made) as running:
        yield running
    for dsn in dsns:
        postgres.drop(dsn)


@dataclass
class World:
    """The services, a customer and the warehouse."""

    services: Deployment
    customer: Party
    warehouse: Party

    async def place(self, key: str | None = None) -> httpx.Response:
        return await self.customer.order(key or str(uuid4()), TEA=1)

    async def looks(self) -> list[httpx.Response]:
        """What the customer hears of the catalogue."""
        lines = [{"sku": "TEA", "quantity": 1}]
        return [
            await self.customer.ask("GET", "/api/v1/catalogue"),
            await self.customer.ask("GET", "/api/v1/catalogue/TEA"),
            await self.customer.ask("POST", "/api/v1/quotes", json={"lines": lines}),
        ]

    async def orders(self) -> int:
        """How many of the newest orders there are, up to 200."""
        answer = await self.customer.ask("GET", "/api/v1/orders?limit=200")
        return len(answer.raise_for_status().json()["items"])

    async def health(self, module: str) -> httpx.Response:
        async with httpx.AsyncClient() as http:
            return await http.get(f"{self.services.url(module)}/health/ready", timeout=5)

    async def shipped(self, order_id: str) -> bool:
        """Whether the customer sees the order's shipment."""
        order = (await self.customer.ask("GET", f"/api/v1/orders/{order_id}")).raise_for_status().json()
        return bool(order["shipments"])


@pytest.fixture(scope="module")
async def world(deployment: Deployment) -> AsyncIterator[World]:
    async with (
        operating(deployment.folder) as operator,
        httpx.AsyncClient(base_url=deployment.url("auth")) as auth,
        httpx.AsyncClient(base_url=deployment.url("sales"), timeout=20) as sales,
        httpx.AsyncClient(base_url=deployment.url("delivery"), timeout=20) as delivery,
    ):
        await operator.product.import_products("test", CATALOGUE)
        customer = await admit(operator, auth, "shop", "sales", "orders:read orders:write", at=sales)
        warehouse = await admit(operator, auth, "warehouse", "delivery", "shipments:read", at=delivery)
        world = World(deployment, customer, warehouse)

        async def placed() -> bool:
            return (await world.place()).status_code == 201

        await soon(placed, 10)  # services have signed in by then, and may lose sight of auth
        yield world


async def soon(true: Callable[[], Awaitable[bool]], within_s: float) -> float:
    """Wait until it is true; after how many seconds it was."""
    began = time.monotonic()
    async with asyncio.timeout(within_s):
        while not await true():  # noqa: ASYNC110  # news from afar
            await asyncio.sleep(0.02)
    return time.monotonic() - began


AWAY: dict[str, tuple[Callable[[Deployment, str], None], Callable[[Deployment, str], None]]] = {
    "killed": (Deployment.kill, Deployment.start),
    "standing still": (Deployment.freeze, Deployment.thaw),
}


@pytest.mark.parametrize("how", AWAY)
async def test_without_product_orders_are_refused_in_time_and_nothing_is_stored_and_with_it_back_they_are_placed(
    world: World, how: str
) -> None:
    go, come = AWAY[how]
    assert (await world.place()).status_code == 201
    before = await world.orders()
    key = str(uuid4())

    go(world.services, "product")
    for _ in range(7):  # more than it takes to leave a peer alone
        began = time.monotonic()
        answer = await world.place(key)
        assert answer.status_code == 503, answer.text
        assert time.monotonic() - began < WITHIN_S
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"].isdigit()
        assert answer.json()["retryable"] is True
    assert await world.orders() == before
    looks = await world.looks()
    assert [(one.status_code, one.headers["retry-after"].isdigit()) for one in looks] == [(503, True)] * 3
    health = await world.health("sales")
    assert (health.status_code, list(health.json()["degraded"])) == (200, ["product"])

    come(world.services, "product")
    world.services.ready("product")

    async def placed() -> bool:
        return (await world.place(key)).status_code == 201 and all(one.is_success for one in await world.looks())

    await soon(placed, 10)
    assert await world.orders() == before + 1
    await soon(lambda: _degraded_of(world, "sales", nobody=True), 5)


@pytest.mark.parametrize("how", AWAY)
async def test_without_delivery_orders_are_accepted_and_have_their_shipments_when_it_is_back(
    world: World, how: str
) -> None:
    go, come = AWAY[how]
    go(world.services, "delivery")
    orders = [(await world.place()).raise_for_status().json()["id"] for _ in range(5)]
    assert not any([await world.shipped(one) for one in orders])

    come(world.services, "delivery")
    world.services.ready("delivery")

    for one in orders:
        await soon(lambda one=one: world.shipped(one), 10)  # type: ignore[misc]


async def test_without_valkey_orders_are_accepted_and_with_an_empty_one_all_have_their_shipments(world: World) -> None:
    world.services.valkey.stop()
    orders = [(await world.place()).raise_for_status().json()["id"] for _ in range(20)]
    await soon(lambda: _degraded_of(world, "sales", "bus"), 5)

    world.services.valkey.prepare()
    world.services.restart_valkey()

    began = time.monotonic()
    for one in orders:
        await soon(lambda one=one: world.shipped(one), 10)  # type: ignore[misc]
    assert time.monotonic() - began < 10


async def test_while_valkey_stands_still_orders_are_accepted_and_have_their_shipments_afterwards(world: World) -> None:
    world.services.freeze_valkey()
    try:
        orders = [(await world.place()).raise_for_status().json()["id"] for _ in range(20)]
        await soon(lambda: _degraded_of(world, "sales", "bus"), 5)
        assert not any([await world.shipped(one) for one in orders])
    finally:
        world.services.thaw_valkey()
    for one in orders:
        await soon(lambda one=one: world.shipped(one), 10)  # type: ignore[misc]


async def test_while_auth_stands_still_tokens_that_are_good_stay_good(world: World) -> None:
    world.services.freeze("auth")
    try:
        await soon(lambda: _degraded_of(world, "sales", "auth"), 5)
        answers = [await world.place() for _ in range(10)]
        assert [answer.status_code for answer in answers] == [201] * 10
    finally:
        world.services.thaw("auth")
    await soon(lambda: _degraded_of(world, "sales", nobody=True), 10)


async def test_without_auth_tokens_that_are_good_stay_good_even_for_a_service_that_was_started_meanwhile(
    world: World,
) -> None:
    world.services.kill("auth")
    until = time.monotonic() + AUTH_AWAY_S
    placed = 0
    while time.monotonic() < until:
        answer = await world.place()
        assert answer.status_code == 201, answer.text
        placed += 1
        await asyncio.sleep(0.05)
    assert placed > AUTH_AWAY_S
    assert await _degraded_of(world, "sales", "auth")

    world.services.kill("delivery")
    world.services.start("delivery")
    world.services.ready("delivery")  # with the keys and revocations that its own database remembers
    answer = await world.warehouse.ask("GET", "/api/v1/shipments")
    assert answer.status_code == 200
    forged = Party(world.warehouse.http, "", "", world.warehouse.token[:-8] + "AAAAAAAA", "")
    assert (await forged.ask("GET", "/api/v1/shipments")).status_code == 401

    world.services.start("auth")
    world.services.ready("auth")
    await soon(lambda: _degraded_of(world, "delivery", nobody=True), 10)


async def test_a_service_that_has_never_heard_of_auth_is_not_ready_and_calls_no_token_bad(
    world: World, postgres: Server
) -> None:
    services, fresh = world.services, postgres.create("delivery")
    services.kill("auth")
    services.kill("delivery")
    before, services.databases = services.databases, {**services.databases, "delivery": fresh}
    try:
        services.start("delivery")

        async def alive() -> bool:
            try:
                return (await world.health("delivery")).status_code == 503
            except httpx.TransportError:
                return False

        await soon(alive, 20)
        assert (await world.health("delivery")).json()["missing"] == {"keys": "keys and revocations are not loaded"}
        answer = await world.warehouse.ask("GET", f"/api/v1/shipments/{new_id()}")
        assert (answer.status_code, answer.json()["retryable"]) == (503, True)

        services.start("auth")
        services.ready("auth", "delivery")
        answer = await world.warehouse.ask("GET", f"/api/v1/shipments/{new_id()}")
        assert answer.status_code == 404
    finally:
        services.kill("delivery")
        services.databases = before
        services.start("delivery")
        services.ready("delivery")
        postgres.drop(fresh)


async def _degraded_of(world: World, module: str, *names: str, nobody: bool = False) -> bool:
    answer = await world.health(module)
    assert answer.status_code == 200, answer.text  # a peer that is away makes nobody unready
    degraded: dict[str, Any] = answer.json()["degraded"]
    return not degraded if nobody else set(names) <= set(degraded)


async def test_a_module_that_is_new_waits_for_whom_it_follows_and_then_follows_old_orders_of_which_nothing_is_kept(
    world: World,
) -> None:
    old = (await world.place()).raise_for_status().json()["id"]
    await soon(lambda: world.shipped(old), 10)
    await soon(lambda: _settled(world, "delivery"), 10)
    for module in ("product", "delivery"):
        world.services.kill(module)
    await _change(world, "delivery", "DELETE FROM outbox")
    for forgets in FORGETS:
        await _change(world, "product", forgets)

    world.services.start("product")
    world.services.ready("product")
    await soon(lambda: _degraded_of(world, "product", "delivery", "product.events"), 10)
    told = (await world.health("product")).json()["degraded"]["product.events"]
    assert told == "it does not follow /waybill/delivery yet"
    world.services.start("delivery")
    world.services.ready("delivery")
    await soon(lambda: _degraded_of(world, "product", nobody=True), 10)
    await soon(lambda: _degraded_of(world, "sales", nobody=True), 10)
    assert (await world.customer.ask("POST", f"/api/v1/orders/{old}/cancel")).status_code == 202
    await soon(lambda: _settled(world, "sales"), 10)
    await soon(lambda: _settled(world, "delivery"), 10)
    assert await _rows(world, "product", FOLLOWED, old) == [(2,)]
    assert await _rows(world, "product", "SELECT FROM inbox_parked") == []


async def _settled(world: World, module: str) -> bool:
    return not await _rows(world, module, "SELECT FROM outbox WHERE state <> 'settled'")


async def _rows(world: World, module: str, statement: str, *values: str) -> list[Any]:
    async with await psycopg.AsyncConnection.connect(world.services.databases[module]) as connection:
        return await (await connection.execute(statement, values)).fetchall()


async def _change(world: World, module: str, statement: str) -> None:
    async with await psycopg.AsyncConnection.connect(world.services.databases[module]) as connection:
        await connection.execute(statement)


async def test_the_doctor_says_what_is_away_what_waits_and_what_is_wrong(world: World) -> None:
    before = (await world.place()).raise_for_status().json()["id"]
    await soon(lambda: world.shipped(before), 10)
    well = await _examined(world)
    assert (well["faults"], [one["module"] for one in well["modules"]]) == ([], list(MODULES))
    assert all(one["contract"] == "same" and one["up"] for one in well["modules"])
    assert well["findings"][0]["looked_at"] > 0

    world.services.kill("delivery")
    order = (await world.place()).raise_for_status().json()["id"]
    ill = await _examined(world, code=1)
    assert f"delivery is not ready at {world.services.url('delivery')}" in ill["faults"]
    assert not any(order in fault for fault in ill["faults"])  # its event waits: nothing is wrong with it
    degraded = {one["module"] for one in ill["modules"] if one["degraded"]}
    assert degraded == {"sales", "product"}  # auth calls nobody
    assert ill["under_way"] >= 1
    assert sum({one["module"]: one for one in ill["modules"]}["sales"]["lag"].values()) >= 1

    world.services.start("delivery")
    world.services.ready("delivery")
    await soon(lambda: world.shipped(order), 10)
    await soon(lambda: _degraded_of(world, "sales", nobody=True), 10)


async def _examined(world: World, code: int = 0) -> dict[str, Any]:
    answer = await asyncio.to_thread(waybill, "doctor", "--json", data=world.services.folder)
    assert answer.returncode == code, answer.stdout + answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout)
    return found
