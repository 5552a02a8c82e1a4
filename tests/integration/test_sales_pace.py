"""How often a customer's system may ask sales: told in every answer, and held to."""

from collections.abc import AsyncIterator, Callable
from urllib.parse import urlencode

import httpx
import pytest

from app.settings import MODULES
from modules.auth.port import ClientKind
from modules.auth.service import read_request
from modules.auth.service.issuing import TokenAnswer
from modules.kernel.ids import new_id
from tests.integration.http_world import ORDER, Api, container_on, opened

BURST = 5
SLOW = {"WAYBILL_LIMITS__CLIENT": "1/hour", "WAYBILL_LIMITS__CLIENT_BURST": str(BURST)}
LIST = "/api/v1/orders"


@pytest.fixture
async def api(dsn_of: Callable[[str], str]) -> AsyncIterator[Api]:
    made = await opened(container_on({module: dsn_of(module) for module in MODULES}, **SLOW))
    yield made
    await made.close()


async def other_token(api: Api) -> str:
    made = await api.container.auth().create_client("test", "other", ["orders:read"], ["sales"], ClientKind.CUSTOMER)
    form = {"grant_type": "client_credentials", "client_id": made.client.id, "client_secret": made.client_secret}
    (answer,) = await api.container.auth().issue_tokens([read_request(urlencode(form).encode(), [])])
    assert isinstance(answer, TokenAnswer)
    return answer.access_token


def told(answer: httpx.Response) -> tuple[str, str]:
    return answer.headers["RateLimit-Policy"], answer.headers["RateLimit"].partition(";t=")[0]


async def test_every_answer_says_how_much_may_still_be_asked(api: Api) -> None:
    policy = f'"client";q={BURST};w={BURST * 3600}'
    placed = await api.ask("POST", LIST, json=ORDER)
    refused = await api.ask("POST", LIST, json={})
    missing = await api.ask("GET", f"{LIST}/{new_id()}")
    listed = await api.ask("GET", LIST)
    assert [one.status_code for one in (placed, refused, missing, listed)] == [201, 422, 404, 200]
    assert [told(one) for one in (placed, refused, missing, listed)] == [
        (policy, f'"client";r={left}') for left in (4, 3, 2, 1)
    ]


async def test_beyond_the_burst_it_is_429_with_when_to_come_back_and_nothing_is_done(api: Api) -> None:
    for _ in range(BURST):
        assert (await api.ask("GET", LIST)).status_code == 200
    held = await api.ask("POST", LIST, json=ORDER)
    assert (held.status_code, held.json()["code"], held.json()["retryable"]) == (429, "too_many_requests", True)
    assert 3500 < int(held.headers["Retry-After"]) <= 3600
    assert told(held)[1] == '"client";r=0'
    assert (await api.container.orders().newest(10, None, status=None)) == ([], None)


async def test_a_client_that_asks_too_fast_is_no_other_client_s_trouble(api: Api) -> None:
    for _ in range(BURST + 1):
        last = await api.ask("GET", LIST)
    other = await api.http.get(LIST, headers={"Authorization": f"Bearer {await other_token(api)}"})
    assert (last.status_code, other.status_code) == (429, 200)


async def test_who_has_no_good_token_takes_nothing_from_a_client(api: Api) -> None:
    for header in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": f"Bearer {api.token[:-4]}AAAA"}):
        refused = await api.http.get(LIST, headers=header)
        assert (refused.status_code, "RateLimit" in refused.headers) == (401, False)
    assert told(await api.ask("GET", LIST))[1] == f'"client";r={BURST - 1}'


async def test_no_way_into_sales_is_without_a_limit(api: Api) -> None:
    document = (await api.http.get("/openapi.json")).json()
    ways = [
        (method, path.format(order_id=new_id(), sku="TEA"), operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if {"orders", "catalogue"} & set(operation["tags"]) and "/products" not in path
    ]
    assert len(ways) >= 10
    for _ in range(BURST):
        await api.ask("GET", LIST)
    for method, path, operation in ways:
        assert (await api.ask(method.upper(), path, json=ORDER)).status_code == 429, path
        assert "429" in operation["responses"], path
