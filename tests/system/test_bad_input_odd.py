"""What looks odd and is in order, and what no HTTP client would send."""

import asyncio
import socket
from collections.abc import Mapping
from urllib.parse import quote

import pytest

from tests.processes import until
from tests.system.bad import JSON, NOWHERE, order, sent
from tests.system.parties import SHIP_TO, Party
from tests.system.running import Running

GOOD_LISTS = (
    "placed_after=0001-01-01T00:00:00%2B14:00",
    "placed_before=9999-12-31T23:59:59-14:00",
    "placed_after=1700000000",
    "reference=%FF%FE",
    f"reference={quote(chr(39))}%3B%20DROP%20TABLE%20%22order%22",
    "limit=200&limit=1",
    "unknown=1",
)
RAW = {
    "a path that is not ASCII": b"GET /api/v1/orders/\xff\xfe HTTP/1.1\r\nHost: x\r\n\r\n",
    "a NUL in the path": b"GET /api/v1/orders/\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
    "a NUL in a header": b"GET /api/v1/orders HTTP/1.1\r\nHost: x\r\nX-Odd: a\x00b\r\n\r\n",
    "a negative length": b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "a length and chunks": b"POST /api/v1/orders HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a method that does not exist": b"STEAL /api/v1/orders HTTP/1.1\r\nHost: x\r\n\r\n",
    "a version that does not exist": b"GET /api/v1/orders HTTP/7.7\r\nHost: x\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "an absolute URL": b"GET http://elsewhere.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "a chunk that is none": b"POST /auth/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n\r\n",
}


@pytest.mark.parametrize("query", GOOD_LISTS)
async def test_an_odd_query_is_answered(query: str, parties: Mapping[str, Party]) -> None:
    answer = await parties["other_shop"].ask("GET", f"/api/v1/orders?{query}")

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("number", ["", "-1", "x", "²", "9" * 9, "9" * 400, "1.5", "0x1"])
async def test_a_stream_begins_somewhere_whatever_the_last_event_was_called(
    number: str, parties: Mapping[str, Party]
) -> None:
    shop = parties["other_shop"]
    placed = (await shop.order("odd stream", TEA=1)).json()["id"]
    headers = {b"Authorization": f"Bearer {shop.token}".encode(), b"Last-Event-ID": number.encode("latin-1")}

    async with shop.http.stream("GET", f"/api/v1/orders/{placed}/events", headers=headers) as stream:
        first = await anext(stream.aiter_lines())

    assert (stream.status_code, first) == (200, ": following")


@pytest.mark.parametrize("tag", ["", "x", '"', '"1', "W/", "é", '"' + "9" * 400 + '"', ", ,"])
async def test_an_odd_tag_that_is_not_ours_is_no_match(tag: str, parties: Mapping[str, Party]) -> None:
    shop = parties["other_shop"]
    placed = (await shop.order("odd tag", TEA=1)).json()["id"]

    headers = {b"Authorization": f"Bearer {shop.token}".encode(), b"If-None-Match": tag.encode("latin-1")}
    answer = await shop.http.get(f"/api/v1/orders/{placed}", headers=headers)

    assert answer.status_code == 200


async def test_of_a_member_given_twice_the_last_counts(parties: Mapping[str, Party]) -> None:
    content = order().replace(b'"quantity": 1', b'"quantity": 0, "quantity": 3')

    answer = await parties["other_shop"].ask("POST", "/api/v1/orders", content=content, headers=JSON)

    assert answer.status_code == 201, answer.text
    assert answer.json()["lines"][0]["quantity"] == 3


async def test_every_script_is_written_back_as_it_came(parties: Mapping[str, Party]) -> None:
    name = "Ærø 東京 🚚 e\u0301 \u202e \ufeff"

    answer = await parties["other_shop"].ask(
        "POST", "/api/v1/orders", content=order(ship_to=SHIP_TO | {"name": name}), headers=JSON
    )

    assert answer.json()["ship_to"]["name"] == name


async def test_another_client_under_the_same_key_places_an_order_of_its_own(parties: Mapping[str, Party]) -> None:
    first, second = [await parties[name].order("subject", TEA=2, MUG=1) for name in ("shop", "other_shop")]

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json()["id"] != second.json()["id"]


async def test_unknown_members_of_a_basket_are_passed_over(parties: Mapping[str, Party]) -> None:
    line = {"sku": "TEA", "quantity": 1, "colour": "green"}
    body = sent({"requests": [{"lines": [line], "order_id": NOWHERE, "since": 2030}], "priority": 1})

    answer = await parties["browser"].ask("POST", "/availability", content=body, headers=JSON)

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("name", RAW)
async def test_what_is_no_request_is_refused_and_the_next_one_answered(
    name: str, system: Running, parties: Mapping[str, Party]
) -> None:
    host, port = system.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(RAW[name])

    status = (await asyncio.wait_for(reader.readline(), 5)).split()

    writer.close()
    await writer.wait_closed()
    assert status[:1] in ([b"HTTP/1.1"], [])
    assert status[1:2] in ([], [b"400"], [b"401"], [b"404"], [b"405"])
    assert (await parties["other_shop"].ask("GET", "/health/live")).status_code == 200


def test_a_client_that_leaves_in_the_middle_of_its_body_is_no_fault(system: Running) -> None:
    host, port = system.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as client:
        client.sendall(b"POST /auth/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n")
        client.sendall(b"Content-Length: 1000\r\n\r\ngrant_type=")

    until(lambda: any(line["message"].startswith("POST /auth/token 499") for line in system.log()))
    assert not [line for line in system.log() if line["level"] == "ERROR"]
