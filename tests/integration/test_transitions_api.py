"""What may happen to an order and to its shipment, as told over HTTP while they go their way."""

from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from app.database import open_database
from modules.auth.port import ClientKind
from modules.auth.service import read_request
from modules.auth.service.issuing import TokenAnswer
from tests.integration.events.whole import Whole
from tests.integration.http_world import ORDER, Api, Server, databases_of, opened

ORDERS, SHIPMENTS = "/api/v1/orders", "/api/v1/shipments"


class World:
    """The application, whose events go round when the test says so, a customer and a warehouse."""

    def __init__(self, whole: Whole, shop: Api, warehouse: Api) -> None:
        self.whole = whole
        self.shop = shop
        self.warehouse = warehouse

    async def placed(self) -> str:
        answer = await self.shop.ask("POST", ORDERS, json=ORDER)
        return str(answer.raise_for_status().json()["id"])

    async def shipment(self, order_id: str) -> str:
        """The order's one shipment, once delivery has heard of the order."""
        await self.whole.come_to_rest()
        answer = await self.warehouse.ask("GET", f"{SHIPMENTS}?order_id={order_id}")
        return str(answer.json()["items"][0]["id"])

    async def report(self, shipment_id: str, *statuses: str) -> None:
        for status in statuses:
            headers = {b"Idempotency-Key": status.encode()}
            path = f"{SHIPMENTS}/{shipment_id}/status"
            (await self.warehouse.ask("POST", path, json={"status": status}, headers=headers)).raise_for_status()
        await self.whole.come_to_rest()

    async def order_moves(self, order_id: str, tag: str = "") -> httpx.Response:
        return await self.shop.ask("GET", f"{ORDERS}/{order_id}/transitions", headers={b"If-None-Match": tag.encode()})

    async def shipment_moves(self, shipment_id: str, tag: str = "") -> httpx.Response:
        headers = {b"If-None-Match": tag.encode()}
        return await self.warehouse.ask("GET", f"{SHIPMENTS}/{shipment_id}/transitions", headers=headers)


async def _token(api: Api, scopes: list[str], audience: str) -> str:
    auth = api.container.auth()
    created = await auth.create_client("test", audience, scopes, [audience], ClientKind.CUSTOMER)
    credentials = {"client_id": created.client.id, "client_secret": created.client_secret}
    form = urlencode({"grant_type": "client_credentials"} | credentials).encode()
    (answer,) = await auth.issue_tokens([read_request(form, [])])
    assert isinstance(answer, TokenAnswer)
    return answer.access_token


@pytest.fixture
async def world(postgres: Server) -> AsyncIterator[World]:
    dsns = databases_of(postgres)
    whole = Whole({module: open_database(module, dsn) for module, dsn in dsns.items()})
    shop = await opened(whole.container)
    token = await _token(shop, ["shipments:read", "shipments:write"], "delivery")
    yield World(whole, shop, Api(whole.container, shop.http, token))
    await shop.close()
    for dsn in dsns.values():
        postgres.drop(dsn)


def allowed(answer: httpx.Response) -> dict[str, str]:
    return {move["to"]: move["by"] for move in answer.json()["allowed"]}


def reasons(answer: httpx.Response) -> dict[str, str]:
    return {block["to"]: block["reason"] for block in answer.json()["blocked"]}


async def test_an_order_tells_what_may_happen_while_it_goes_its_way(world: World) -> None:
    order_id = await world.placed()
    fresh = await world.order_moves(order_id)
    shipment_id = await world.shipment(order_id)
    opened_ = await world.order_moves(order_id)
    await world.report(shipment_id, "packed", "dispatched")
    gone = await world.order_moves(order_id)
    await world.report(shipment_id, "in_transit", "delivered", "returned")
    over = await world.order_moves(order_id)

    assert [answer.json()["status"] for answer in (fresh, opened_, gone, over)] == [
        *("placed", "confirmed", "shipped", "returned")
    ]
    assert allowed(fresh) == {"confirmed": "delivery", "cancelling": "customer"}
    assert reasons(fresh)["packed"] == "Delivery has not opened a shipment yet."
    assert allowed(opened_) == {"packed": "delivery", "cancelling": "customer"}
    assert "cancelling" not in allowed(gone)
    assert reasons(gone)["cancelling"] == "It has left: part 1 is dispatched."
    assert allowed(over) == {}
    assert set(reasons(over).values()) == {"The order is over: it came back."}


async def test_a_customer_can_do_what_is_allowed_and_is_refused_what_is_blocked(world: World) -> None:
    order_id, other_id = await world.placed(), await world.placed()
    before = await world.order_moves(order_id)
    cancelled = await world.shop.ask("POST", f"{ORDERS}/{order_id}/cancel")
    await world.report(await world.shipment(other_id), "packed", "dispatched")
    blocked = await world.order_moves(other_id)
    refused = await world.shop.ask("POST", f"{ORDERS}/{other_id}/cancel")

    assert allowed(before)["cancelling"] == "customer"
    assert cancelled.status_code == 202
    assert "cancelling" in reasons(blocked)
    assert refused.json()["code"] == "sales.not_cancellable"
    assert (await world.order_moves(order_id)).json()["status"] == "cancelled"


async def test_a_shipment_tells_what_may_be_reported_of_it_and_what_not(world: World) -> None:
    shipment_id = await world.shipment(await world.placed())
    pending = await world.shipment_moves(shipment_id)
    await world.report(shipment_id, "packed", "dispatched")
    gone = await world.shipment_moves(shipment_id)
    headers = {b"Idempotency-Key": b"too soon"}
    path = f"{SHIPMENTS}/{shipment_id}/status"
    refused = await world.warehouse.ask("POST", path, json={"status": "delivered"}, headers=headers)

    assert pending.json()["status"] == "pending"
    assert allowed(pending) == {"packed": "warehouse", "cancelled": "the order"}
    assert reasons(pending)["delivered"] == "It is not packed yet."
    assert allowed(gone) == {"in_transit": "carrier", "failed": "carrier"}
    assert reasons(gone)["cancelled"] == "It has left: it is dispatched."
    assert refused.json()["allowed"] == [*allowed(gone)]


async def test_the_tags_are_those_of_the_order_and_the_shipment_and_change_with_them(world: World) -> None:
    order_id = await world.placed()
    shipment_id = await world.shipment(order_id)
    order = await world.shop.ask("GET", f"{ORDERS}/{order_id}")
    shipment = await world.warehouse.ask("GET", f"{SHIPMENTS}/{shipment_id}")
    tags = [order.headers["ETag"], shipment.headers["ETag"]]
    same = [await world.order_moves(order_id, tags[0]), await world.shipment_moves(shipment_id, tags[1])]
    await world.report(shipment_id, "packed")
    moved = [await world.order_moves(order_id, tags[0]), await world.shipment_moves(shipment_id, tags[1])]

    assert [(answer.status_code, answer.content) for answer in same] == [(304, b"")] * 2
    assert [answer.headers["ETag"] for answer in same] == tags
    assert [answer.status_code for answer in moved] == [200, 200]
    assert [answer.json()["status"] for answer in moved] == ["packed", "packed"]
    assert all(answer.headers["ETag"] != tag for answer, tag in zip(moved, tags, strict=True))


async def test_another_customer_is_told_nothing(world: World) -> None:
    order_id = await world.placed()
    stranger = Api(world.whole.container, world.shop.http, await _token(world.shop, ["orders:read"], "sales"))

    answer = await stranger.ask("GET", f"{ORDERS}/{order_id}/transitions", headers={b"If-None-Match": b'"1"'})

    assert (answer.status_code, answer.json()["code"]) == (404, "sales.order_not_found")


async def test_what_is_answered_has_the_shape_that_is_described(world: World) -> None:
    order_id = await world.placed()
    shipment_id = await world.shipment(order_id)
    document: Mapping[str, Any] = (await world.shop.http.get("/openapi.json")).json()
    for path, answer in (
        (f"{ORDERS}/{{order_id}}/transitions", await world.order_moves(order_id)),
        (f"{SHIPMENTS}/{{shipment_id}}/transitions", await world.shipment_moves(shipment_id)),
    ):
        responses = document["paths"][path]["get"]["responses"]
        shape = _named(document, responses["200"]["content"]["application/json"]["schema"])
        told = answer.json()
        assert set(responses) >= {"200", "304", "401", "403", "404", "503"}
        assert set(told) == set(shape["properties"])
        for member in ("allowed", "blocked"):
            items = _named(document, shape["properties"][member]["items"])
            assert all(set(one) == set(items["properties"]) for one in told[member])
            assert told[member]


def _named(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


async def test_a_report_that_is_sent_again_is_the_same_step_and_says_so(world: World) -> None:
    shipment = await world.shipment(await world.placed())
    told = []
    for _ in range(2):
        path, headers = f"{SHIPMENTS}/{shipment}/status", {b"Idempotency-Key": b"once"}
        told.append(await world.warehouse.ask("POST", path, json={"status": "packed"}, headers=headers))
    assert [answer.headers.get("Idempotent-Replayed") for answer in told] == [None, "true"]
    assert told[0].json() == told[1].json()
