"""A request has an id and a trace: its caller's where they are good, its own otherwise."""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.unit.web_world import application

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(application()), base_url="http://test") as client:
        yield client


@pytest.mark.parametrize("given", ["my-request", "x" * 128, "!~"])
async def test_a_request_id_that_is_given_is_kept(given: str, http: httpx.AsyncClient) -> None:
    answer = await http.get("/told", headers={"X-Request-ID": given})

    assert (answer.headers["X-Request-ID"], answer.json()["request_id"]) == (given, given)


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", "a\tb"])
async def test_a_request_id_that_is_none_is_replaced(given: str, http: httpx.AsyncClient) -> None:
    answer = await http.get("/told", headers={"X-Request-ID": given})

    assert answer.headers["X-Request-ID"] == answer.json()["request_id"] != given


async def test_a_trace_goes_on_with_a_span_of_our_own(http: httpx.AsyncClient) -> None:
    told = (await http.get("/told", headers={"traceparent": TRACE})).json()["traceparent"]

    version, trace, span, flags = told.split("-")
    assert (version, trace, flags) == ("00", TRACE.split("-")[1], "01")
    assert span != TRACE.split("-")[2]


@pytest.mark.parametrize(
    "given", ["", "00-0-0-0", TRACE.upper(), TRACE.replace("0af7651916cd43dd8448eb211c80319c", "0" * 32)]
)
async def test_a_trace_that_is_none_is_begun_anew(given: str, http: httpx.AsyncClient) -> None:
    told = (await http.get("/told", headers={"traceparent": given})).json()["traceparent"]

    assert told.split("-")[1] not in {"0" * 32, TRACE.split("-")[1]}
