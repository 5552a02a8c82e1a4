"""What is around every route: bounds, faults, methods, metrics."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from loguru import logger

from tests.unit.web_world import application


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application()), base_url="http://test") as client:
        yield client


@pytest.fixture
def log() -> Iterator[list[str]]:
    lines: list[str] = []
    sink = logger.add(lines.append, level="ERROR", format="{message}")
    yield lines
    logger.remove(sink)


async def test_a_fault_is_told_by_its_request_id_and_nothing_else(http: httpx.AsyncClient, log: list[str]) -> None:
    answer = await http.get("/fault")

    assert (answer.status_code, answer.headers["Content-Type"]) == (500, "application/problem+json")
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert "secret" not in answer.text
    assert len(log) == 1
    assert "a secret of ours" in log[0]


async def test_a_fault_after_the_first_byte_cuts_the_connection() -> None:
    application_, sent = application(), []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": "/late-fault",
        "headers": [],
        "query_string": b"",
        "root_path": "",
    }
    with pytest.raises(RuntimeError, match="too late"):
        await application_(scope, receive, send)

    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]


async def test_a_client_that_leaves_within_its_body_is_answered_nothing_and_no_fault(log: list[str]) -> None:
    sent = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/told", "headers": [], "query_string": b"", "root_path": ""}
    await application()(scope, receive, send)

    assert (sent, log) == ([], [])


@pytest.mark.parametrize(("size", "status"), [(1024 * 1024, 200), (1024 * 1024 + 1, 413)])
async def test_a_body_is_bounded_to_the_byte_announced_or_not(size: int, status: int, http: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, size, 65_536):
            yield b"x" * min(65_536, size - start)

    announced, unannounced = await http.post("/told", content=b"x" * size), await http.post("/told", content=chunks())

    assert (announced.status_code, unannounced.status_code) == (status, status)


async def test_busy_says_when_to_come_back(http: httpx.AsyncClient) -> None:
    answer = await http.get("/busy")

    assert (answer.status_code, answer.headers["Retry-After"], answer.json()["retryable"]) == (503, "7", True)


async def test_a_path_names_every_method_it_takes(http: httpx.AsyncClient) -> None:
    answer = await http.delete("/told")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET, POST")


async def test_what_is_missing_is_told_and_the_process_lives() -> None:
    transport = httpx.ASGITransport(application("the sales database gives no answer"))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        ready, live = await http.get("/health/ready"), await http.get("/health/live")

    assert (ready.status_code, live.status_code) == (503, 200)
    assert ready.json()["missing"] == {"database": "the sales database gives no answer"}


async def test_metrics_count_by_route_and_not_by_path(http: httpx.AsyncClient) -> None:
    for path in ("/problems/invalid", "/problems/x-1", "/nowhere/x-2"):
        await http.get(path)

    metrics = (await http.get("/metrics")).text

    assert 'route="/problems/{code}",status="200"' in metrics
    assert 'route="none",status="404"' in metrics
    assert "x-1" not in metrics
    assert "x-2" not in metrics


async def test_the_document_says_how_to_get_a_token(http: httpx.AsyncClient) -> None:
    scheme = json.loads((await http.get("/openapi.json")).content)["components"]["securitySchemes"]["oauth2"]

    assert scheme["flows"]["clientCredentials"]["tokenUrl"] == "https://auth.example/auth/token"
