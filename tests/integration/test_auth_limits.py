"""The limiter in front of auth's forms: what it answers, and that nothing is done for who is refused."""

import base64
import re
from typing import Any

import httpx
import pytest

from tests.integration.limited_world import FORM, Limited, fails, http, limited, right, signs_in, wrong
from tests.support.statements import traffic
from tests.unit.limiter_world import ELSEWHERE, HERE

__all__ = ["http", "limited"]

PATHS = ["/auth/token", "/auth/revoke", "/auth/introspect"]
ROOM = 20
POSTED = {
    "type": "http",
    "method": "POST",
    "path": "/auth/token",
    "query_string": b"",
    "headers": [(b"content-type", FORM["content-type"].encode())],
    "client": (HERE, 4711),
}


async def use_up(http: httpx.AsyncClient) -> None:
    """Ask as often as an address may in a second, for nothing."""
    for _ in range(ROOM):
        assert (await http.post("/auth/token")).status_code == 415


@pytest.mark.parametrize("path", PATHS)
async def test_too_many_requests_get_a_problem_that_says_when_to_come_back(
    limited: Limited, http: httpx.AsyncClient, path: str
) -> None:
    client = await limited.client()
    await use_up(http)
    answer = await signs_in(http, right(client), path)
    assert answer.status_code == 429
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "1"
    assert answer.headers["cache-control"] == "no-store"
    told = answer.json()
    assert (told["code"], told["status"], told["instance"]) == ("too_many_requests", 429, path)
    assert (told["retryable"], told["retry_after_s"]) == (True, 1)
    assert (await http.get(told["type"])).json()["code"] == "too_many_requests"
    limited.steady.at += 1
    assert (await signs_in(http, right(client))).status_code == 200


async def test_nothing_is_asked_of_the_database_for_who_is_refused(limited: Limited, http: httpx.AsyncClient) -> None:
    client = await limited.client()
    assert (await signs_in(http, right(client))).status_code == 200
    with traffic(limited.database) as seen:
        assert (await signs_in(http, right(client))).status_code == 200
        assert seen.statements
        seen.statements.clear()
        await fails(http, client, 6)
        seen.statements.clear()
        assert (await signs_in(http, right(client))).status_code == 429, "it has to wait"
        for _ in range(ROOM):
            await http.post("/auth/token")
        for path in PATHS:
            assert (await signs_in(http, right(client), path)).status_code == 429
    assert not seen.statements


async def test_the_body_of_who_asks_too_often_is_not_read(limited: Limited, http: httpx.AsyncClient) -> None:
    await use_up(http)
    said: list[Any] = []

    async def receive() -> Any:
        raise AssertionError("nobody should ask for the body")

    async def send(message: Any) -> None:
        said.append(message)

    await limited.app(POSTED, receive, send)
    assert said[0]["status"] == 429


async def test_another_address_is_not_affected(limited: Limited, http: httpx.AsyncClient) -> None:
    client = await limited.client()
    await fails(http, client, 6)
    while (await http.post("/auth/token")).status_code != 429:
        pass
    elsewhere = await limited.at(ELSEWHERE)
    assert (await signs_in(elsewhere, right(client))).status_code == 200


async def test_a_client_that_fails_waits_longer_each_time_and_its_secret_is_not_looked_at_meanwhile(
    limited: Limited, http: httpx.AsyncClient
) -> None:
    client = await limited.client()
    await fails(http, client, 5)
    for wait_s in (1, 2, 4, 8):
        await fails(http, client, 1)
        refused = [await signs_in(http, credentials) for credentials in (wrong(client), right(client))]
        assert [(answer.status_code, answer.headers["retry-after"]) for answer in refused] == [(429, str(wait_s))] * 2
        assert refused[0].content == refused[1].content
        limited.steady.at += wait_s
    assert (await signs_in(http, right(client))).status_code == 200


@pytest.mark.parametrize("path", PATHS)
async def test_a_success_clears_what_failed_before(limited: Limited, http: httpx.AsyncClient, path: str) -> None:
    client = await limited.client()
    await fails(http, client, 5)
    assert (await signs_in(http, right(client), path)).status_code == 200
    await fails(http, client, 5)
    assert (await signs_in(http, right(client))).status_code == 200


@pytest.mark.parametrize("body", [b"grant_type=a&grant_type=b", b"%", b"client_secret=x"])
async def test_a_form_that_is_refused_before_the_secret_is_looked_at_clears_nothing(
    limited: Limited, http: httpx.AsyncClient, body: bytes
) -> None:
    client = await limited.client()
    await fails(http, client, 5)
    assert (await http.post("/auth/token", content=body, headers=FORM, auth=wrong(client))).status_code == 400
    await fails(http, client, 1)
    assert (await signs_in(http, right(client))).status_code == 429


async def test_who_names_no_client_that_could_be_fails_for_its_address(
    limited: Limited, http: httpx.AsyncClient
) -> None:
    for number in range(30):
        limited.steady.at += 0.1
        name = f"{number}" + "x" * 10_000
        assert (await signs_in(http, (name, "secret"))).status_code == 401
    refused = await signs_in(http, ("somebody", "secret"))
    assert (refused.status_code, refused.json()["detail"]) == (
        429,
        "Authentication failed too often from this address.",
    )


async def test_a_network_of_ipv6_is_one_address(limited: Limited) -> None:
    await use_up(await limited.at("2001:db8::1"))
    assert (await (await limited.at("2001:db8::2")).post("/auth/token")).status_code == 429
    assert (await (await limited.at("2001:db8:0:1::1")).post("/auth/token")).status_code == 415


async def test_only_the_forms_are_limited(http: httpx.AsyncClient) -> None:
    await use_up(http)
    assert (await http.post("/auth/token")).status_code == 429
    for path in ("/.well-known/jwks.json", "/.well-known/oauth-authorization-server", "/health/live"):
        assert (await http.get(path)).status_code == 200


async def test_a_refusal_holds_nothing_that_was_sent(limited: Limited, http: httpx.AsyncClient) -> None:
    client = await limited.client()
    await fails(http, client, 6)
    answer = await signs_in(http, right(client))
    assert answer.status_code == 429
    sent = f"{client.client.id}|{client.client_secret}|{base64.b64encode(':'.join(right(client)).encode()).decode()}"
    assert not re.search(sent, f"{answer.text}{answer.headers}")


@pytest.mark.parametrize("path", PATHS)
async def test_the_document_declares_it(limited: Limited, path: str) -> None:
    declared = limited.app.openapi()["paths"][path]["post"]["responses"]["429"]
    assert list(declared["content"]) == ["application/problem+json"]
