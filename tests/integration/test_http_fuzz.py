"""Whatever is sent, the answer is an order or a refusal, never a fault of ours."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.integration.http_world import ORDER, Api, Server, container_on, databases_of, opened

EXAMPLES = settings(max_examples=100)
REFUSED = {400, 409, 413, 415, 422}
TEXT = st.text(st.characters(), max_size=40)  # lone surrogates too: JSON can spell them
NUMBERS = st.integers() | st.integers(-(10**30), 10**30) | st.floats()
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=8,
)
LINE = st.fixed_dictionaries(
    {"sku": st.sampled_from(["TEA", "GOLD", "NONE"]) | TEXT, "quantity": st.integers(-1, 10) | NUMBERS}
)
MEMBERS = {
    "lines": st.lists(LINE, max_size=3),
    "ship_to": st.fixed_dictionaries(dict.fromkeys(ORDER["ship_to"], TEXT)),
    "reference": TEXT,
    "currency": st.sampled_from(["EUR", "USD"]) | TEXT,
    "expected_total": st.fixed_dictionaries({"amount": NUMBERS, "currency": st.just("EUR")}),
    "metadata": st.dictionaries(TEXT, TEXT, max_size=3),
}
HEADER = st.binary(max_size=20).map(lambda value: bytes(byte for byte in value if byte >= 0x20 and byte != 0x7F))


@pytest.fixture(scope="module")
async def api(postgres: Server) -> AsyncIterator[Api]:
    dsns = databases_of(postgres)
    api = await opened(container_on(dsns))
    yield api
    await api.close()
    for dsn in dsns.values():
        postgres.drop(dsn)


def is_fine(answer: httpx.Response) -> bool:
    """Whether an answer is an order, or a refusal that says why."""
    if answer.status_code == 201:
        return bool(answer.json()["id"])
    return answer.status_code in REFUSED and bool(answer.json()["code"])


async def place(api: Api, content: bytes, **headers: bytes) -> httpx.Response:
    named = {name.replace("_", "-").encode(): value for name, value in headers.items()}
    return await api.ask(
        "POST", "/api/v1/orders", content=content, headers={b"Content-Type": b"application/json"} | named
    )


@EXAMPLES
@given(st.binary(max_size=300))
async def test_no_bytes_are_a_fault(api: Api, content: bytes) -> None:
    answer = await place(api, content)

    assert is_fine(answer), answer.text


@EXAMPLES
@given(JSON)
async def test_no_json_is_a_fault(api: Api, body: Any) -> None:
    answer = await place(api, json.dumps(body).encode())

    assert is_fine(answer), answer.text


@EXAMPLES
@given(st.fixed_dictionaries({}, optional=MEMBERS | {"unknown": JSON}))
async def test_no_order_is_a_fault(api: Api, changes: Mapping[str, Any]) -> None:
    answer = await place(api, json.dumps({**ORDER, **changes}).encode())

    assert is_fine(answer), answer.text


@EXAMPLES
@given(HEADER, HEADER)
async def test_no_header_is_a_fault(api: Api, key: bytes, media_type: bytes) -> None:
    content = json.dumps(ORDER).encode()

    answers = [await place(api, content, Idempotency_Key=key), await place(api, content, Content_Type=media_type)]

    assert all(map(is_fine, answers)), [answer.text for answer in answers]


@EXAMPLES
@given(
    st.dictionaries(
        st.sampled_from(["cursor", "limit", "status", "reference", "placed_after"]), TEXT | st.integers().map(str)
    )
)
async def test_no_query_is_a_fault(api: Api, query: Mapping[str, str]) -> None:
    written = {name: value.encode(errors="replace").decode() for name, value in query.items()}

    answer = await api.ask("GET", "/api/v1/orders", params=written)

    assert answer.status_code in {200, 400, 422}, answer.text


@EXAMPLES
@given(st.binary(max_size=60).map(lambda path: "".join(f"%{byte:02X}" for byte in path)))
async def test_no_path_is_a_fault(api: Api, path: str) -> None:
    for suffix in ("", "/history", "/events"):
        answer = await api.ask("GET", f"/api/v1/orders/{path}{suffix}")

        assert answer.status_code in {200, 400, 404}, answer.text
