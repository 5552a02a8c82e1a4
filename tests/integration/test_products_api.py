"""Products over HTTP, as catalogue operators add, change and retire them."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from tests.integration.http_world import ORDER, SHIP_TO, Api, Server, admitted, container_on, databases_of, opened

PRODUCTS = "/api/v1/products"
LAMP = {"name": "Lamp", "unit_price": {"amount": 1999, "currency": "EUR"}}
DEARER = {"name": "Lamp", "unit_price": {"amount": 2999, "currency": "EUR"}}
NEW = {"If-None-Match": "*"}


class Desk:
    """A shop's application, and a catalogue operator of it."""

    def __init__(self, shop: Api, operator: Api) -> None:
        self.shop = shop
        self.operator = operator

    async def put(self, sku: str, body: Any, headers: Mapping[str, str]) -> httpx.Response:
        return await self._ask("PUT", sku, headers, json=body)

    async def retire(self, sku: str, headers: Mapping[str, str]) -> httpx.Response:
        return await self._ask("DELETE", sku, headers)

    async def get(self, sku: str) -> Any:
        return (await self._ask("GET", sku, {})).json()

    async def stock(self, sku: str, quantity: int) -> None:
        body = {"kind": "receipt", "quantity": quantity, "key": f"{sku}:{quantity}"}
        (await self.operator.ask("POST", f"/api/v1/stock/{sku}/movements", json=body)).raise_for_status()

    async def order(self, sku: str) -> httpx.Response:
        body = {"lines": [{"sku": sku, "quantity": 1}], "ship_to": SHIP_TO}
        return await self.shop.ask("POST", "/api/v1/orders", json=body)

    async def _ask(self, method: str, sku: str, headers: Mapping[str, str], **request: Any) -> httpx.Response:
        encoded = {name.encode(): value.encode() for name, value in headers.items()}
        return await self.operator.ask(method, f"{PRODUCTS}/{sku}", headers=encoded, **request)


@pytest.fixture(scope="module")
async def desk(postgres: Server) -> AsyncIterator[Desk]:
    dsns = databases_of(postgres)
    shop = await opened(container_on(dsns))
    rights = ("catalogue:read", "catalogue:write", "stock:write")
    yield Desk(shop, await admitted(shop, "product", *rights))
    await shop.close()
    for dsn in dsns.values():
        postgres.drop(dsn)


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_a_product_is_added_where_there_is_none_and_says_where_it_is(desk: Desk) -> None:
    added = await desk.put("ADD/ED", LAMP, NEW)
    assert (added.status_code, added.headers["Location"], added.headers["ETag"]) == (201, f"{PRODUCTS}/ADD/ED", '"1"')
    assert added.json() == {"sku": "ADD/ED", **LAMP, "active": True, "version": 1} == await desk.get("ADD/ED")
    again = await desk.put("ADD/ED", LAMP, NEW)
    assert (told(again), again.json()["version"]) == ((412, "precondition_failed"), 1)


async def test_a_change_names_the_version_that_was_seen(desk: Desk) -> None:
    await desk.put("CHANGED", LAMP, NEW)
    changed = await desk.put("CHANGED", DEARER, {"If-Match": '"1"'})
    assert (changed.status_code, changed.headers["ETag"], changed.json()["version"]) == (200, '"2"', 2)
    assert "Location" not in changed.headers
    stale = await desk.put("CHANGED", LAMP, {"If-Match": '"1"'})
    assert (told(stale), stale.json()["version"]) == ((412, "precondition_failed"), 2)
    unseen = await desk.put("UNSEEN", LAMP, {"If-Match": '"1"'})
    assert (told(unseen), unseen.json()["version"]) == ((412, "precondition_failed"), None)
    assert (await desk.get("CHANGED"))["unit_price"] == DEARER["unit_price"]


@pytest.mark.parametrize("headers", [{}, {"If-Match": "*"}], ids=str)
async def test_a_change_of_whatever_there_is_needs_a_key(desk: Desk, headers: dict[str, str]) -> None:
    assert told(await desk.put("KEYLESS", LAMP, headers)) == (428, "precondition_required")
    assert (await desk.get("KEYLESS"))["code"] == "product.not_found"


async def test_with_a_key_a_repeat_gets_the_first_answer_and_another_body_is_refused(desk: Desk) -> None:
    key = {"Idempotency-Key": "k1"}
    first = await desk.put("KEYED", LAMP, key)
    await desk.put("KEYED", DEARER, {"If-Match": '"1"'})
    again, other = await desk.put("KEYED", LAMP, key), await desk.put("KEYED", DEARER, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    kept = ("Location", "ETag", "Idempotent-Replayed")
    assert [again.headers.get(name) for name in kept] == [f"{PRODUCTS}/KEYED", '"1"', "true"]
    assert "Idempotent-Replayed" not in first.headers
    assert told(other) == (422, "idempotency_key_reused")
    assert (await desk.get("KEYED"))["version"] == 2


async def test_under_one_key_a_change_of_another_version_is_another_request(desk: Desk) -> None:
    await desk.put("SEEN", LAMP, NEW)
    key = {"Idempotency-Key": "k5"}
    first = await desk.put("SEEN", DEARER, key | {"If-Match": '"1"'})
    again = await desk.put("SEEN", DEARER, key | {"If-Match": '"1"'})
    assert (first.status_code, again.headers["Idempotent-Replayed"]) == (200, "true")
    for other in ({"If-Match": '"2"'}, NEW, {}):
        assert told(await desk.put("SEEN", DEARER, key | other)) == (422, "idempotency_key_reused"), other
    retired = {"Idempotency-Key": "k6", "If-Match": '"2"'}
    assert (await desk.retire("SEEN", retired)).status_code == 200
    assert told(await desk.retire("SEEN", retired | {"If-Match": '"3"'})) == (422, "idempotency_key_reused")


async def test_a_key_alone_changes_what_there_is(desk: Desk) -> None:
    await desk.put("UPSERT", LAMP, NEW)
    changed = await desk.put("UPSERT", DEARER, {"Idempotency-Key": "k2"})
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    assert (await desk.put("UPSERT", DEARER, {"Idempotency-Key": "k3"})).json()["version"] == 2


async def test_retiring_is_the_same_however_often_it_is_asked_for(desk: Desk) -> None:
    await desk.put("OLD", LAMP, NEW)
    stale = await desk.retire("OLD", {"If-Match": '"7"'})
    assert (told(stale), stale.json()["version"]) == ((412, "precondition_failed"), 1)
    for headers in ({"If-Match": '"1"'}, {"If-Match": '"1"'}, {}):
        retired = await desk.retire("OLD", headers)
        assert (retired.status_code, retired.headers["ETag"]) == (200, '"2"')
        assert retired.json() == {"sku": "OLD", **LAMP, "active": False, "version": 2} == await desk.get("OLD")


async def test_a_retirement_with_a_key_is_answered_again_after_the_product_is_sold_again(desk: Desk) -> None:
    await desk.put("BACK", LAMP, NEW)
    first = await desk.retire("BACK", {"Idempotency-Key": "k4"})
    await desk.put("BACK", LAMP | {"active": True}, {"If-Match": '"2"'})
    again = await desk.retire("BACK", {"Idempotency-Key": "k4"})
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert (await desk.get("BACK"))["active"] is True


async def test_what_is_not_there_is_not_retired(desk: Desk) -> None:
    assert told(await desk.retire("GHOST", {})) == (404, "product.not_found")


async def test_the_list_has_what_is_sold_or_what_is_retired_or_both(desk: Desk) -> None:
    await desk.put("LIST/A", LAMP, NEW)
    await desk.put("LIST/B", LAMP | {"active": False}, NEW)
    for query, skus in {"": ["LIST/A", "LIST/B"], "&active=true": ["LIST/A"], "&active=false": ["LIST/B"]}.items():
        answer = await desk.operator.ask("GET", f"{PRODUCTS}?prefix=LIST{query}")
        assert [one["sku"] for one in answer.json()["items"]] == skus


async def test_orders_keep_their_price_and_currency_when_the_product_gets_others(desk: Desk) -> None:
    await desk.put("PRICED", LAMP, NEW)
    await desk.stock("PRICED", 2)
    first = (await desk.order("PRICED")).json()
    await desk.put("PRICED", {"name": "Lamp", "unit_price": {"amount": 5, "currency": "USD"}}, {"If-Match": '"1"'})
    seen = (await desk.shop.ask("GET", f"/api/v1/orders/{first['id']}")).json()
    assert seen["total"] == first["total"] == LAMP["unit_price"]
    assert (await desk.order("PRICED")).json()["total"] == {"amount": 5, "currency": "USD"}


async def test_what_is_retired_cannot_be_bought_and_orders_that_have_it_stay(desk: Desk) -> None:
    await desk.put("GONE", LAMP, NEW)
    await desk.stock("GONE", 2)
    placed = (await desk.order("GONE")).json()
    await desk.retire("GONE", {})
    assert told(await desk.order("GONE")) == (422, "product.unknown_sku")
    assert told(await desk.shop.ask("GET", "/api/v1/catalogue/GONE")) == (404, "product.not_found")
    assert (await desk.shop.ask("GET", f"/api/v1/orders/{placed['id']}")).json()["status"] == "placed"
    await desk.put("GONE", LAMP | {"active": True}, {"If-Match": '"2"'})
    assert (await desk.order("GONE")).status_code == 201


async def test_a_movement_with_a_key_of_its_request_gets_its_first_answer_again(desk: Desk) -> None:
    await desk.put("MOVED", LAMP, NEW)

    async def receive(quantity: int, key: str, request: str) -> httpx.Response:
        body = {"kind": "receipt", "quantity": quantity, "key": key}
        headers = {b"Idempotency-Key": request.encode()}
        return await desk.operator.ask("POST", "/api/v1/stock/MOVED/movements", json=body, headers=headers)

    first = await receive(2, "m1", "r1")
    await receive(3, "m2", "r2")
    again, anew = await receive(2, "m1", "r1"), await receive(2, "m1", "r3")
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (first.json(), "true")
    assert first.json()["on_hand"] == 2
    assert (anew.json()["on_hand"], anew.headers.get("Idempotent-Replayed")) == (5, None)
    assert told(await receive(9, "m3", "r1")) == (422, "idempotency_key_reused")


async def test_a_customer_changes_nothing_of_the_catalogue(desk: Desk) -> None:
    reader = await admitted(desk.shop, "product", "catalogue:read", "stock:write")
    for api, status in ((desk.shop, 401), (reader, 403)):
        for method in ("PUT", "DELETE"):
            answer = await api.ask(method, f"{PRODUCTS}/TEA", json=LAMP, headers={b"If-None-Match": b"*"})
            assert answer.status_code == status
    assert (await desk.shop.ask("POST", "/api/v1/orders", json=ORDER)).status_code == 201
