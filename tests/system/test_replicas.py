"""Three replicas of every service: they share the work and do nothing twice, some die, and all are replaced, under load."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import psycopg
from redis.asyncio import Redis

from app.chaos.connection import Connection
from app.chaos.customer import SHIP_TO
from app.chaos.system import SETTINGS, System
from app.chaos.trial import Trial, opened
from tests.system.deployment import MODULES, Operator, operating
from tests.system.fleet import Fleet, fleet
from tests.system.parties import Party, admit

SIZE = 3
ROOM = 100
TOLD = {
    **SETTINGS,
    "WAYBILL_LIMITS__ENABLED": "true",
    "WAYBILL_LIMITS__ADDRESS": f"{ROOM}/hour",
    "WAYBILL_SERVER__NOTICE_S": "1",
}
STRANGER = "127.0.0.2"  # a caller on this machine has them all
KEYS = 10
SEED, RATE = 6, 5.0
LOOK_EVERY_S = 0.2  # whoever looks takes from those who work
SOON_S = 60.0  # only a test that fails waits so long
ORDER = {"lines": [{"sku": "PLENTY-01", "quantity": 1}], "ship_to": SHIP_TO}
STEPS = ["placed", "confirmed", "packed", "shipped", "delivered"]
LOOKED_AT = re.compile(r'route="(?:/health/.*|/metrics|/auth/revocations|none)"')


@dataclass(frozen=True)
class World:
    """The replicas, the load on them, and a customer beside it."""

    services: Fleet
    trial: Trial
    operator: Operator
    http: httpx.AsyncClient
    customer: Party

    async def ask(self, name: str, method: str, path: str, key: str | None = None, body: Any = None) -> httpx.Response:
        """What one replica answers the customer, who asks again where it is busy."""
        return await Connection(self.http, self.customer.token).ask(method, self.services.at(name) + path, key, body)

    async def order(self, name: str, key: str) -> str:
        """Place an order at one replica; its id. The oracle hears of it."""
        told = self.trial.customer.told
        told.wanted[key] = {"PLENTY-01": 1}
        order_id: str = (await self.ask(name, "POST", "/api/v1/orders", key, ORDER)).raise_for_status().json()["id"]
        told.placed.setdefault(key, order_id)
        return order_id

    async def measured(self, name: str, metric: str) -> float:
        """The sum of what a replica has measured under a name, and was asked for itself."""
        lines = (await self.ask(name, "GET", "/metrics")).text.splitlines()
        found = [line for line in lines if line.startswith(metric) and not LOOKED_AT.search(line)]
        return sum(float(line.rpartition(" ")[2]) for line in found)

    def relays(self, module: str) -> str:
        """The replica whose relay publishes a module's events now."""
        with psycopg.connect(self.services.databases[module]) as connection:
            row = connection.execute("SELECT split_part(holder, ':', 2)::int FROM relay_lease").fetchone()
        return next((name for name in self.services.names[module] if row and self.services.pid(name) == row[0]), "")


async def soon(true: Callable[[], Awaitable[bool]]) -> None:
    """Until it is true."""
    async with asyncio.timeout(SOON_S):
        while not await true():  # noqa: ASYNC110  # news from afar
            await asyncio.sleep(LOOK_EVERY_S)


@asynccontextmanager
async def world(folder: Path, database: Callable[[str], str]) -> AsyncIterator[World]:
    async with (
        fleet(folder, database, SIZE, **TOLD) as services,
        opened(System(services.folder), SEED) as trial,
        operating(services.folder) as operator,
        httpx.AsyncClient(base_url=services.url("auth"), timeout=60) as http,
    ):
        customer = await admit(operator, http, "shop", "sales", "orders:read orders:write")
        yield World(services, trial, operator, http, customer)


async def test_replicas_share_the_work_and_lose_and_double_nothing_though_some_die_and_all_are_replaced(
    tmp_path: Path, dsn_of: Callable[[str], str], record_property: Callable[[str, object], None]
) -> None:
    async with world(tmp_path / "data", dsn_of) as there:

        async def all_of_it() -> None:
            following = asyncio.create_task(who_follows_at_any_replica_hears_of_every_step(there))
            await a_key_that_goes_to_two_replicas_at_once_is_one_order(there)
            await what_is_revoked_is_refused_by_all(there)
            await an_address_is_counted_by_all_together(there)
            await each_has_its_share(there)
            await following
            left = await one_of_each_is_killed_and_another_relay_goes_on(there)
            record_property("roll", str(await those_left_are_replaced_one_after_another(there, left)))
            await nobodys_name_is_left(there)

        await there.trial.during(all_of_it, RATE)
        verdict = await there.trial.verdict()
        await with_a_peer_and_redis_halted_the_others_end_in_time(there)
    assert verdict.faults == ()
    assert there.trial.faults_answered == 0


async def a_key_that_goes_to_two_replicas_at_once_is_one_order(there: World) -> None:
    for number in range(KEYS):
        at = there.services.names["sales"]
        answers = await asyncio.gather(*(there.order(name, f"twice-{number}") for name in (at[0], at[1 + number % 2])))
        assert len(set(answers)) == 1, f"a key at two replicas made two orders: {answers}"


async def who_follows_at_any_replica_hears_of_every_step(there: World) -> None:
    order_id = await there.order("sales", "followed")
    heard = await asyncio.gather(*(_followed(there, name, order_id) for name in there.services.names["sales"]))
    assert heard == [STEPS] * SIZE


async def _followed(there: World, name: str, order_id: str) -> list[str]:
    """Every step that one replica tells of an order, to its last."""
    hello = {"Authorization": f"Bearer {there.customer.token}"}
    url = f"{there.services.at(name)}/api/v1/orders/{order_id}/events"
    async with there.http.stream("GET", url, headers=hello) as answer:
        told = [line async for line in answer.aiter_lines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: "))["to"] for line in told]


async def what_is_revoked_is_refused_by_all(there: World) -> None:
    leaver = replace(there, customer=await admit(there.operator, there.http, "leaver", "sales", "orders:read"))

    async def answers() -> set[int]:
        return {(await leaver.ask(name, "GET", "/api/v1/orders")).status_code for name in there.services.names["sales"]}

    async def refused() -> bool:
        return await answers() == {401}

    assert await answers() == {200}
    (client,) = [one for one in (await there.operator.auth.list_clients()).items if one.name == "leaver"]
    await there.operator.auth.disable_client("test", client.id)
    await soon(refused)


async def an_address_is_counted_by_all_together(there: World) -> None:
    urls = [f"{there.services.at(name)}/auth/token" for name in there.services.names["auth"]]
    statuses: list[int] = []
    transport = httpx.AsyncHTTPTransport(local_address=STRANGER)
    async with httpx.AsyncClient(transport=transport, timeout=30) as stranger:
        while statuses[-SIZE:] != [429] * SIZE:
            statuses.append((await stranger.post(urls[len(statuses) % SIZE])).status_code)
    # Each by itself would have taken all of it. A Redis that is slow for a moment is done without for a moment.
    assert statuses.count(415) < 2 * ROOM, f"each counts by itself: {statuses.count(415)} of {ROOM} were let in"


async def each_has_its_share(there: World) -> None:
    async def all_asked() -> bool:
        asked = [await there.measured(one, "waybill_http_request_duration_seconds_count") for one in there.services.all]
        return min(asked) > 0

    async def all_told() -> bool:
        names = [name for module in MODULES[1:] for name in there.services.names[module]]
        return min([await there.measured(one, "waybill_events_handled_seconds_count") for one in names]) > 0

    await soon(all_asked)
    await soon(all_told)


async def one_of_each_is_killed_and_another_relay_goes_on(there: World) -> Mapping[str, Sequence[str]]:
    killed = {
        "auth": "auth",
        "product": "product",
        **{module: there.relays(module) for module in ("sales", "delivery")},
    }
    for name in killed.values():
        there.services.kill(name)
    left = {module: [name for name in there.services.names[module] if name != killed[module]] for module in MODULES}

    async def passed_on() -> bool:
        return all(there.relays(module) in left[module] for module in ("sales", "delivery"))

    await soon(passed_on)
    return left


async def those_left_are_replaced_one_after_another(there: World, left: Mapping[str, Sequence[str]]) -> tuple[int, int]:
    """How many requests of the load were refused meanwhile or got no answer: each was made again, with its key."""
    before = there.trial.refusals, there.trial.unanswered
    for names in zip(*left.values(), strict=True):  # of every service one
        for name in names:
            there.services.tell_to_stop(name)
        codes = await asyncio.gather(*(asyncio.to_thread(there.services.ended, name) for name in names))
        assert codes == [0] * len(names)
        there.services.start(*names)
        await there.services.joined(*names)
    return there.trial.refusals - before[0], there.trial.unanswered - before[1]


async def with_a_peer_and_redis_halted_the_others_end_in_time(there: World) -> None:
    services = there.services
    running = [name for name in services.all if services.runs(name)]
    halted = [name for name in running if name in services.names["product"]]
    for name in halted:
        services.freeze(name)
    services.freeze_valkey()
    sales = next(name for name in running if name in services.names["sales"])
    hello = {"Authorization": f"Bearer {there.customer.token}"}
    asking = asyncio.create_task(there.http.post(f"{services.at(sales)}/api/v1/orders", json=ORDER, headers=hello))
    await there.ask(sales, "GET", "/health/live")  # whoever came before that is let in
    leaving = [name for name in running if name not in halted]
    for name in leaving:
        services.tell_to_stop(name)
    codes = await asyncio.gather(*(asyncio.to_thread(services.ended, name) for name in leaving))
    assert codes == [0] * len(leaving)
    assert (await asking).status_code == 503, "a request was cut"


async def nobodys_name_is_left(there: World) -> None:
    """Of those who were told to stop no consumer is left behind."""
    redis = Redis.from_url(there.services.valkey.url)
    for stream in ("waybill:sales", "waybill:delivery"):
        for group in await redis.xinfo_groups(stream):
            names = {one["name"] for one in await redis.xinfo_consumers(stream, group["name"])} - {b"left"}
            assert len(names) <= SIZE, f"{len(names)} consumers of {group['name'].decode()} in {stream}"
    await redis.aclose()
