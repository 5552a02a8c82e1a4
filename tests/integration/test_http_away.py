"""What is said while a database is away: that no answer came, and when to repeat; and that a repeat succeeds."""

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpx
import pytest

from modules.kernel.database import Connection, Database
from modules.kernel.errors import NotReached
from tests.integration.http_world import ORDER, Api, Server, container_on, databases_of, opened

ORDER_ID = "0198c0de-0000-7000-8000-000000000000"


class AwayPool:
    """A pool of a database that is away."""

    async def take(self) -> Connection:
        raise NotReached("The database gives no answer.")

    async def give_back(self, connection: Connection) -> None:
        raise AssertionError(connection)

    async def close(self) -> None:
        """Nothing is open."""


@contextmanager
def away(database: Database) -> Iterator[None]:
    """Have the database be away meanwhile."""
    pool, database.pool = database.pool, AwayPool()
    try:
        yield
    finally:
        database.pool = pool


@pytest.fixture(scope="module")
async def api(postgres: Server) -> AsyncIterator[Api]:
    dsns = databases_of(postgres)
    api = await opened(container_on(dsns))
    yield api
    await api.close()
    for dsn in dsns.values():
        postgres.drop(dsn)


@pytest.fixture
def databases(api: Api) -> dict[str, Database]:
    return {database.name: database for database in api.container.databases()}


def says_when_to_repeat(answer: httpx.Response) -> bool:
    """Whether this is how it is told that no answer came."""
    told = answer.status_code, answer.headers.get("Retry-After"), answer.headers["Content-Type"]
    return told == (503, "1", "application/problem+json") and answer.json()["retryable"]


@pytest.mark.parametrize("path", ["", f"/{ORDER_ID}", f"/{ORDER_ID}/history", f"/{ORDER_ID}/events"])
async def test_a_read_that_gets_no_answer_says_when_to_repeat_it(
    path: str, api: Api, databases: dict[str, Database]
) -> None:
    with away(databases["sales"]):
        answer = await api.ask("GET", f"/api/v1/orders{path}")

    assert says_when_to_repeat(answer), answer.text


@pytest.mark.parametrize("request_", ["GET /api/v1/catalogue", "GET /api/v1/catalogue/TEA", "POST /api/v1/quotes"])
async def test_what_product_alone_knows_is_told_again_when_it_is_back(
    request_: str, api: Api, databases: dict[str, Database]
) -> None:
    method, path = request_.split(" ")
    body = {"lines": ORDER["lines"]} if method == "POST" else None
    with away(databases["product"]):
        refused = await api.ask(method, path, json=body)

    assert says_when_to_repeat(refused), refused.text
    assert (await api.ask(method, path, json=body)).status_code == 200


@pytest.mark.parametrize("module", ["sales", "product"])
async def test_an_order_that_got_no_answer_is_placed_once_when_it_is_repeated(
    module: str, api: Api, databases: dict[str, Database]
) -> None:
    headers = {b"Idempotency-Key": f"away-{module}".encode()}
    with away(databases[module]):
        refused = await api.ask("POST", "/api/v1/orders", json=ORDER, headers=headers)

    placed = await api.ask("POST", "/api/v1/orders", json=ORDER, headers=headers)
    again = await api.ask("POST", "/api/v1/orders", json=ORDER, headers=headers)

    assert says_when_to_repeat(refused), refused.text
    assert (placed.status_code, again.status_code) == (201, 201)
    assert "Idempotent-Replayed" not in placed.headers
    assert (again.headers["Idempotent-Replayed"], again.json()["id"]) == ("true", placed.json()["id"])


@pytest.mark.parametrize("module", ["auth", "sales", "delivery", "product"])
async def test_a_process_without_a_database_of_its_own_is_alive_and_not_ready(
    module: str, api: Api, databases: dict[str, Database]
) -> None:
    with away(databases[module]):
        ready, live = await api.http.get("/health/ready"), await api.http.get("/health/live")

    assert (ready.status_code, live.status_code) == (503, 200)
    assert list(ready.json()["missing"]) == [f"database.{module}"]
    assert (await api.http.get("/health/ready")).status_code == 200


async def test_measuring_goes_on_while_databases_are_away(api: Api, databases: dict[str, Database]) -> None:
    with away(databases["sales"]):
        answer = await api.http.get("/metrics")

    assert answer.status_code == 200
    assert "waybill_http_request_duration_seconds" in answer.text
