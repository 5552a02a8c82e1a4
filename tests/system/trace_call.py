"""A request of the recorded trace, and the words in which the trace is written."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.system.parties import SHIP_TO


@dataclass(frozen=True)
class Call:
    """A request to the service of the module `at`, with the bearer token of `who`.

    `{word}` in path, headers and form stands for what an earlier call kept. `keeps` says which members of the answer
    later calls need, by the word that they use. With `until` it is repeated until the answer is one like that.
    With `signs` its JSON is signed by a carrier, as the message of that id.
    """

    name: str
    at: str
    request: str
    who: str | None = None
    json: Any = None
    content: bytes | None = None
    form: Mapping[str, str] | None = None
    basic: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    keeps: Mapping[str, str] = field(default_factory=dict)
    until: Callable[[httpx.Response], bool] | None = None
    causes_events: bool = False
    signs: str | None = None


def is_refused(answer: httpx.Response) -> bool:
    """Whether the token is good no longer: that is heard of within a second."""
    return answer.status_code == httpx.codes.UNAUTHORIZED


def is_whole(answer: httpx.Response) -> bool:
    """Whether a process misses nobody: on a busy machine a peer may take too long to say that it is there."""
    return answer.is_success and answer.json()["degraded"] == {}


def token(name: str, basic: str | None = "shop", keeps: Mapping[str, str] | None = None, **form: str) -> Call:
    """A request for a token; `basic` says whose credentials go along."""
    form = {"grant_type": "client_credentials"} | form
    return Call(name, "auth", "POST /auth/token", form=form, basic=basic, keeps=keeps or {})


def order(
    name: str,
    quantities: Mapping[str, int],
    key: str | None = None,
    *,
    who: str = "shop",
    keeps: str | None = None,
    **changes: Any,
) -> Call:
    """An order over so many of each SKU; one that is kept is expected to be placed."""
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]
    return Call(
        name,
        "sales",
        "POST /api/v1/orders",
        who,
        {"lines": lines, "ship_to": SHIP_TO} | changes,
        headers={} if key is None else {"Idempotency-Key": key},
        keeps={} if keeps is None else {keeps: "id"},
        causes_events=keeps is not None,
    )


def quote(name: str, quantities: Mapping[str, int], who: str | None = "shop", **changes: Any) -> Call:
    """A quote over so many of each SKU."""
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]
    return Call(name, "sales", "POST /api/v1/quotes", who, {"lines": lines} | changes)


def get(name: str, at: str, path: str, who: str | None = None, **more: Any) -> Call:
    """Something that is read."""
    return Call(name, at, f"GET {path}", who, **more)


def report(name: str, shipment: str, status: str, key: str | None = None, **more: Any) -> Call:
    """A step that the warehouse reports of a shipment, with more members of the body, or with the version it saw."""
    headers = {} if key is None else {"Idempotency-Key": key}
    if version := more.pop("version", None):
        headers["If-Match"] = version
    who, path = more.pop("who", "warehouse"), f"POST /api/v1/shipments/{{{shipment}}}/status"
    return Call(name, "delivery", path, who, {"status": status} | more, headers=headers, causes_events=True)


def push(name: str, message_id: str, status: str, carrier: str = "gls", **more: Any) -> Call:
    """A step of the parcel that a carrier pushes, signed."""
    update = {"shipment_id": "{carried}", "status": status, "at": "{now}"} | more
    path = f"POST /api/v1/carriers/{carrier}/updates"
    return Call(name, "delivery", path, json=update, signs=message_id, causes_events=True)


def split(name: str, shipment: str, quantities: Mapping[str, int], key: str | None = None, **more: Any) -> Call:
    """So many of each SKU that go from a shipment into a new part, with a key, or with the version that was seen."""
    headers = {} if key is None else {"Idempotency-Key": key}
    if version := more.pop("version", None):
        headers["If-Match"] = version
    lines = [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]
    who, path = more.pop("who", "warehouse"), f"POST /api/v1/shipments/{{{shipment}}}/split"
    return Call(name, "delivery", path, who, {"lines": lines}, headers=headers, causes_events=True, **more)


def move(name: str, sku: str, kind: str, quantity: int, key: str, who: str = "cataloguer", **more: Any) -> Call:
    """Stock that is received, counted or corrected, with more members of the body."""
    body = {"kind": kind, "quantity": quantity, "key": key, "reason": "as the trace says"} | more
    return Call(name, "product", f"POST /api/v1/stock/{sku}/movements", who, body)


def check(name: str, who: str | None, *baskets: Mapping[str, Any]) -> Call:
    """Baskets that somebody asks product about."""
    return Call(name, "product", "POST /availability", who, {"requests": list(baskets)})
