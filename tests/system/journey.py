"""What every customer, and every warehouse, does with the system, wherever its modules are."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from app.operator import operating
from tests.system.parties import CATALOGUE, Party, admit
from tests.system.running import Running

WAY = ["placed", "confirmed", "packed", "shipped", "delivered"]
REPORTS = {"confirmed": ["packed"], "packed": ["dispatched"], "shipped": ["in_transit", "delivered"]}
REVOKED_WITHIN_S = 1.0
RIGHTS = {
    "shop": ("sales", "orders:read orders:write"),
    "other_shop": ("sales", "orders:read orders:write"),
    "warehouse": ("delivery", "shipments:read shipments:write"),
    "cataloguer": ("product", "catalogue:read stock:write"),
}


@dataclass(frozen=True)
class Travellers:
    """Clients with a token each, and the services that they talk to."""

    clients: Mapping[str, httpx.AsyncClient]
    parties: Mapping[str, Party]

    def __getitem__(self, name: str) -> Party:
        return self.parties[name]


@asynccontextmanager
async def travellers(system: Running) -> AsyncIterator[Travellers]:
    """Clients of every service, and a catalogue with stock."""
    async with AsyncExitStack() as stack:
        clients = {
            module: await stack.enter_async_context(httpx.AsyncClient(base_url=system.run.url(module), timeout=20))
            for module in ("auth", "sales", "delivery", "product")
        }
        operator = await stack.enter_async_context(operating(system.data))
        await operator.product.import_products("test", CATALOGUE)
        parties = {
            name: await admit(operator, clients["auth"], name, audience, scopes, at=clients[audience])
            for name, (audience, scopes) in RIGHTS.items()
        }
        yield Travellers(clients, parties)


async def the_whole_journey(them: Travellers) -> None:
    """Token, quote, order, refusal for stock, repeat, another's order, shipment to the door, history, refresh, revocation."""
    await looked_at_first(them)
    order = await ordered_once(them)
    await refused_for_stock(them)
    await hidden_from_others(them, order["id"])
    await closed_to_strangers(them, order["id"])
    await followed_to_the_door(them, order["id"])
    await booked_out(them)
    await cancelled_before_it_leaves(them)
    await refreshed_and_revoked(them, order["id"])


async def looked_at_first(them: Travellers) -> None:
    """A customer sees what there is and what it would cost; nothing is held for that."""
    listed = (await them["shop"].ask("GET", "/api/v1/catalogue?prefix=T&limit=1")).json()
    price = {"amount": 450, "currency": "EUR"}
    assert listed == {"items": [{"sku": "TEA", "name": "Tea", "unit_price": price, "in_stock": True}], "next": None}
    assert (await them["shop"].ask("GET", "/api/v1/catalogue/TEA")).json() == listed["items"][0]
    assert (await them["shop"].ask("GET", "/api/v1/catalogue/GHOST")).json()["code"] == "product.not_found"
    lines = [{"sku": "TEA", "quantity": 2}, {"sku": "RARE", "quantity": 2}]
    quote = (await them["shop"].ask("POST", "/api/v1/quotes", json={"lines": lines})).json()
    assert (quote["total"], quote["available"]) == ({"amount": 1098, "currency": "EUR"}, False)
    assert [line["available"] for line in quote["lines"]] == [True, False]
    stock = (await them["cataloguer"].ask("GET", "/api/v1/stock/TEA")).json()
    assert stock["held"] == 0


async def ordered_once(them: Travellers) -> dict[str, Any]:
    first = await them["shop"].order("first", TEA=2, MUG=1)
    assert first.status_code == 201, first.text
    order: dict[str, Any] = first.json()
    assert order["status"] == "placed"
    assert order["total"] == {"amount": 2150, "currency": "EUR"}
    again = await them["shop"].order("first", TEA=2, MUG=1)
    assert (again.status_code, again.headers["idempotent-replayed"]) == (201, "true")
    assert again.json()["id"] == order["id"]
    other = await them["shop"].order("first", TEA=3)
    assert (other.status_code, other.json()["code"]) == (422, "sales.idempotency_key_reused")
    listed = (await them["shop"].ask("GET", "/api/v1/orders")).json()["items"]
    assert [one["id"] for one in listed] == [order["id"]]
    return order


async def refused_for_stock(them: Travellers) -> None:
    answer = await them["shop"].order(None, RARE=2, TEA=1)
    assert (answer.status_code, answer.json()["code"]) == (409, "product.out_of_stock"), answer.text
    assert answer.json()["lines"] == [{"sku": "RARE", "quantity": 2, "available_quantity": 1}]
    assert answer.headers["content-type"] == "application/problem+json"
    unknown = await them["shop"].order(None, GHOST=1)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "product.unknown_sku")


async def hidden_from_others(them: Travellers, order_id: str) -> None:
    for path in (f"/api/v1/orders/{order_id}", f"/api/v1/orders/{order_id}/history"):
        answer = await them["other_shop"].ask("GET", path)
        assert (answer.status_code, answer.json()["code"]) == (404, "sales.order_not_found")
    assert (await them["other_shop"].ask("GET", "/api/v1/orders")).json()["items"] == []


async def closed_to_strangers(them: Travellers, order_id: str) -> None:
    """Product and delivery, and what is for our own services, open to nobody without the right audience and scope."""
    doors: list[tuple[str, str, str, Any]] = [
        ("delivery", "GET", "/api/v1/shipments", None),
        ("product", "GET", "/api/v1/stock/TEA", None),
        ("product", "POST", "/availability", {"requests": [{"lines": [{"sku": "TEA", "quantity": 1}]}]}),
        ("product", "POST", "/internal/product/release", {"hold_ids": []}),
        ("product", "POST", "/internal/product/catalogue", {"requests": []}),
        ("sales", "POST", "/internal/sales/settle", {"hold_ids": []}),
        ("delivery", "POST", "/internal/delivery/progress", {"source": "/waybill/sales", "subjects": []}),
        ("auth", "GET", "/auth/revocations?after=0", None),
    ]
    for module, method, path, body in doors:
        http = them.clients[module]
        bare = await http.request(method, path, json=body)
        assert bare.status_code == 401, (path, bare.text)
        shopping = await http.request(method, path, json=body, headers=_bearer(them["shop"]))
        assert shopping.status_code in {401, 403}, (path, shopping.text)
    hold = {"requests": [{"order_id": order_id, "lines": [{"sku": "TEA", "quantity": 1}], "hold": True}]}
    answer = await them["cataloguer"].ask("POST", "/availability", json=hold)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


async def followed_to_the_door(them: Travellers, order_id: str) -> None:
    """The customer's live stream tells of every step that the warehouse reports."""
    seen: list[str] = []
    stream = them.clients["sales"].stream("GET", f"/api/v1/orders/{order_id}/events", headers=_bearer(them["shop"]))
    async with asyncio.timeout(15), stream as answer:
        assert answer.status_code == 200
        async for line in answer.aiter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line.removeprefix("data: "))["to"])
                for step in REPORTS.get(seen[-1], ()):
                    await _reported(them, order_id, step)
    assert seen == WAY
    order = (await them["shop"].ask("GET", f"/api/v1/orders/{order_id}")).json()
    assert order["status"] == "delivered"
    assert [(one["status"], one["carrier"], one["tracking_code"]) for one in order["shipments"]] == [
        ("delivered", "by hand", "T-1")
    ]
    steps = (await them["shop"].ask("GET", f"/api/v1/orders/{order_id}/history")).json()["items"]
    assert [one["sequence"] for one in steps] == list(range(1, len(steps) + 1))
    assert [one["from"] for one in steps] == [None, *(one["to"] for one in steps[:-1])]


async def booked_out(them: Travellers) -> None:
    """Product hears of it, too: what left is neither on hand nor held."""
    wanted = {"sku": "MUG", "on_hand": 999, "held": 0, "available": 999, "shortage": 0}
    async with asyncio.timeout(10):
        while (await them["cataloguer"].ask("GET", "/api/v1/stock/MUG")).json() != wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def cancelled_before_it_leaves(them: Travellers) -> None:
    """Cancelled, an order goes nowhere, its stock is there again, and one that has left can't be cancelled."""
    order = (await them["shop"].order("regretted", MUG=4)).json()
    stranger = await them["other_shop"].ask("POST", f"/api/v1/orders/{order['id']}/cancel")
    assert (stranger.status_code, stranger.json()["code"]) == (404, "sales.order_not_found")
    answer = await them["shop"].ask("POST", f"/api/v1/orders/{order['id']}/cancel", json={"reason": "too many"})
    assert (answer.status_code, answer.json()["status"]) == (202, "cancelling"), answer.text
    await _comes_to(them, order["id"], "cancelled")
    history = (await them["shop"].ask("GET", f"/api/v1/orders/{order['id']}/history")).json()["items"]
    assert [one["to"] for one in history][-2:] == ["cancelling", "cancelled"]
    assert {one["reason"] for one in history[-2:]} == {"too many"}
    await booked_out(them)  # as before
    late = (await them["shop"].order("late", TEA=1)).json()
    await _comes_to(them, late["id"], "confirmed")
    for step in ("packed", "dispatched"):
        await _reported(them, late["id"], step)
    await _comes_to(them, late["id"], "shipped")
    refused = await them["shop"].ask("POST", f"/api/v1/orders/{late['id']}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "sales.not_cancellable")
    assert refused.json()["current"] == "shipped"


async def _comes_to(them: Travellers, order_id: str, status: str) -> None:
    async with asyncio.timeout(10):
        while (await them["shop"].ask("GET", f"/api/v1/orders/{order_id}")).json()["status"] != status:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def refreshed_and_revoked(them: Travellers, order_id: str) -> None:
    """A refresh token is good once; used again it ends its family, in every service and within a second."""
    shop, path = them["shop"], f"/api/v1/orders/{order_id}"
    fresh = await _refreshed(them, shop.refresh_token)
    assert fresh.status_code == 200, fresh.text
    token = fresh.json()["access_token"]
    assert (await shop.http.get(path, headers=_bearer(token))).status_code == 200
    reused = await _refreshed(them, shop.refresh_token)
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")
    began = time.monotonic()
    async with asyncio.timeout(10):
        while (answer := await shop.http.get(path, headers=_bearer(token))).status_code == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert time.monotonic() - began < REVOKED_WITHIN_S * 3  # promised within one, on a machine that does only this
    assert (await _refreshed(them, fresh.json()["refresh_token"])).status_code == 400
    await given_back(them)


async def given_back(them: Travellers) -> None:
    """A client gives its token back, and it opens nothing any more; nobody but its owner can."""
    other, warehouse = them["other_shop"], them["warehouse"]
    form = {"token": other.token}
    stranger = await them.clients["auth"].post(
        "/auth/revoke", data=form, auth=(warehouse.client_id, warehouse.client_secret)
    )
    assert (stranger.status_code, stranger.json()["error"]) == (400, "invalid_grant")
    mine = (other.client_id, other.client_secret)
    told = await them.clients["auth"].post("/auth/introspect", data=form, auth=mine)
    assert told.json()["active"] is True
    assert (await them.clients["auth"].post("/auth/revoke", data=form, auth=mine)).status_code == 200
    async with asyncio.timeout(10):
        while (await other.ask("GET", "/api/v1/orders")).status_code == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    told = await them.clients["auth"].post("/auth/introspect", data=form, auth=mine)
    assert told.json() == {"active": False}


async def _reported(them: Travellers, order_id: str, step: str) -> None:
    found = await them["warehouse"].ask("GET", "/api/v1/shipments", params={"order_id": order_id})
    (shipment,) = found.json()["items"]
    answer = await them["warehouse"].ask(
        "POST",
        f"/api/v1/shipments/{shipment['id']}/status",
        json={"status": step, "carrier": "by hand", "tracking_code": "T-1"},
        headers={"Idempotency-Key": step},
    )
    assert answer.status_code == 200, answer.text


async def _refreshed(them: Travellers, refresh_token: str) -> httpx.Response:
    shop = them["shop"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    return await them.clients["auth"].post("/auth/token", data=form, auth=(shop.client_id, shop.client_secret))


def _bearer(who: Party | str) -> dict[str, str]:
    return {"Authorization": f"Bearer {who if isinstance(who, str) else who.token}"}
