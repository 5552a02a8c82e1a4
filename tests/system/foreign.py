"""What the first customer has, and with what of it a stranger knocks at every door."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.operator import Operator
from modules.auth.model.scope import SCOPES
from tests.system.parties import Party, admit

SHIP_TO = {
    "name": "Elfriede Vorsicht",
    "line1": "Verborgene Gasse 4711",
    "city": "Nirgendhausen",
    "country": "DE",
    "email": "elfriede@vorsicht.example",
}
BODY: Mapping[str, Any] = {
    "lines": [{"sku": "TEA", "quantity": 3}],
    "ship_to": SHIP_TO,
    "reference": "PO-of-the-owner-4711",
    "metadata": {"cost-centre": "secret-centre-4711"},
}
OTHER_BODY: Mapping[str, Any] = {
    "lines": [{"sku": "TEA", "quantity": 1}],
    "ship_to": {"name": "Somebody Else", "line1": "Open Street 1", "city": "Anywhere", "country": "FR"},
}
KEY, CARRIER, TRACKING = "key-of-the-owner-4711", "carrier-of-the-owner", "T-OF-THE-OWNER-4711"
HEARD_OF_WITHIN_S = 20.0
EVERYTHING = {"sales": " ".join(SCOPES["sales"])}


@dataclass(frozen=True)
class Owner:
    """The first customer, and all that there is of it."""

    party: Party
    order_id: str
    shipment_id: str
    etag: str
    cursor: str
    order: Mapping[str, Any] = field(repr=False)
    other_order_id: str = ""

    @property
    def places(self) -> Mapping[str, str]:
        """What a stranger puts into paths, by the name of the place."""
        return {
            "order_id": self.order_id,
            "shipment_id": self.shipment_id,
            "client_id": self.party.client_id,
            "secret_id": self.shipment_id,
            "key_id": self.shipment_id,
            "sku": "TEA",
            "code": "sales.order_not_found",
            "carrier": CARRIER,
        }

    @property
    def queries(self) -> Mapping[str, str]:
        """What a stranger puts into queries, by the name of the parameter."""
        return {
            "cursor": self.cursor,
            "reference": str(BODY["reference"]),
            "status": str(self.order["status"]),
            "placed_after": "2000-01-01T00:00:00Z",
            "placed_before": "2999-01-01T00:00:00Z",
            "order_id": self.order_id,
            "limit": "200",
            "after": "0",
            "prefix": "TEA",
        }

    @property
    def headers(self) -> Mapping[str, Mapping[str, str]]:
        """What a stranger puts into headers, a set at a time."""
        return {
            "nothing": {},
            "the true version": {"If-None-Match": self.etag},
            "the true version, weak": {"If-None-Match": f"W/{self.etag}"},
            "any version": {"If-None-Match": "*"},
            "the version to change": {"If-Match": self.etag},
            "the owner's key": {"Idempotency-Key": KEY},
            "the last event": {"Last-Event-ID": "1", "Accept": "text/event-stream"},
            "no event": {"Last-Event-ID": "0", "Accept": "text/event-stream"},
        }

    @property
    def secrets(self) -> frozenset[str]:
        """What may be in no answer to anybody else."""
        party = self.party
        said = {str(BODY["reference"]), *BODY["metadata"].values(), *SHIP_TO.values(), KEY, CARRIER, TRACKING}
        known = {self.order_id, self.other_order_id, self.shipment_id, self.cursor}
        return frozenset(
            said - {"DE"} | known | {party.client_id, party.client_secret, party.token, party.refresh_token}
        )


async def settled_in(operator: Operator, services: Mapping[str, httpx.AsyncClient]) -> Owner:
    """A customer with two orders, of which the first is packed with a tracking code, and a cursor between them."""
    party = await admit(operator, services["auth"], "owner", "sales", EVERYTHING["sales"], at=services["sales"])
    placed = await party.ask("POST", "/api/v1/orders", json=BODY, headers={"Idempotency-Key": KEY})
    order_id = placed.raise_for_status().json()["id"]
    other = (await party.ask("POST", "/api/v1/orders", json=BODY)).raise_for_status().json()["id"]
    warehouse = await admit(
        operator, services["auth"], "warehouse", "delivery", " ".join(SCOPES["delivery"]), at=services["delivery"]
    )
    async with asyncio.timeout(HEARD_OF_WITHIN_S):
        shipment_id = await _packed(warehouse, order_id)
        order = await _is(party, order_id, "packed")
    page = (await party.ask("GET", "/api/v1/orders", params={"limit": 1})).json()
    return Owner(party, order_id, shipment_id, order.headers["etag"], page["next"], order.json(), other)


async def _packed(warehouse: Party, order_id: str) -> str:
    found: list[dict[str, Any]] = []
    while not found:
        found = (await warehouse.ask("GET", "/api/v1/shipments", params={"order_id": order_id})).json()["items"]
    shipment_id: str = found[0]["id"]
    answer = await warehouse.ask(
        "POST",
        f"/api/v1/shipments/{shipment_id}/status",
        json={"status": "packed", "carrier": CARRIER, "tracking_code": TRACKING},
        headers={"Idempotency-Key": "packed"},
    )
    answer.raise_for_status()
    return shipment_id


async def _is(party: Party, order_id: str, status: str) -> httpx.Response:
    while (order := await party.ask("GET", f"/api/v1/orders/{order_id}")).json()["status"] != status:
        pass
    return order
