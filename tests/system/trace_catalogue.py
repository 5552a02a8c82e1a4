"""The recorded trace: the catalogue is changed, and what customers see of it then."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.system.trace_call import Call, get, move, order, quote

PRODUCTS = "/api/v1/products"
NEW = {"If-None-Match": "*"}


def put(
    name: str,
    sku: str,
    price: int,
    headers: Mapping[str, str],
    *,
    who: str = "cataloguer",
    keeps: Mapping[str, str] | None = None,
    **changes: Any,
) -> Call:
    """A product that is put, at a price in EUR."""
    body = {"name": "Lamp", "unit_price": {"amount": price, "currency": "EUR"}} | changes
    return Call(name, "product", f"PUT {PRODUCTS}/{sku}", who, body, headers=headers, keeps=keeps or {})


def retire(name: str, sku: str, headers: Mapping[str, str] | None = None, who: str = "cataloguer") -> Call:
    """A product that is sold no more."""
    return Call(name, "product", f"DELETE {PRODUCTS}/{sku}", who, headers=headers or {})


def receive(name: str, quantity: int, key: str, request: str) -> Call:
    """Lamps that come in, in a request with a key of its own."""
    body = {"kind": "receipt", "quantity": quantity, "key": key}
    headers = {"Idempotency-Key": request}
    return Call(name, "product", "POST /api/v1/stock/LAMP/RED/movements", "cataloguer", body, headers=headers)


CHANGED: Sequence[Call] = (
    put("a product is added", "LAMP/RED", 1999, NEW),
    put("it is added again", "LAMP/RED", 1999, NEW),
    put("it is added with a key", "LAMP/BLUE", 1999, {"Idempotency-Key": "lamp-1"}),
    put("it is added with that key again", "LAMP/BLUE", 1999, {"Idempotency-Key": "lamp-1"}),
    put("the key with another body", "LAMP/BLUE", 2999, {"Idempotency-Key": "lamp-1"}),
    put("the key for another product", "LAMP/GREEN", 1999, {"Idempotency-Key": "lamp-1"}),
    put("the key with another condition", "LAMP/BLUE", 1999, {"Idempotency-Key": "lamp-1", "If-Match": '"1"'}),
    put("a change without a condition", "LAMP/RED", 2999, {}),
    put("a change of the version seen", "LAMP/RED", 2999, {"If-Match": '"1"'}),
    put("a change of that version again", "LAMP/RED", 3999, {"If-Match": '"1"'}),
    put("a change of what is not there", "LAMP/NONE", 2999, {"If-Match": '"1"'}),
    put("a change to what it is", "LAMP/RED", 2999, {"If-Match": '"2"'}),
    put("a change with a member that nobody knows", "LAMP/RED", 2999, NEW, color="red"),
    put("a change of a bad SKU", "-LAMP", 2999, NEW),
    put("a change by one who may only read", "LAMP/RED", 2999, NEW, who="browser"),
    put("a change by a customer", "LAMP/RED", 2999, NEW, who="shop"),
    receive("lamps come in", 3, "lamps-1", "lamps-in"),
    receive("more lamps come in", 2, "lamps-2", "more-lamps-in"),
    receive("the first ones are sent again", 3, "lamps-1", "lamps-in"),
    receive("the request again for others", 4, "lamps-3", "lamps-in"),
    order("an order over lamps", {"LAMP/RED": 2}, "lamps", keeps="lamps"),
    put("the price is changed", "LAMP/RED", 999, {"If-Match": '"2"'}),
    get("the order over lamps keeps its price", "sales", "/api/v1/orders/{lamps}", "shop"),
    quote("a quote over lamps", {"LAMP/RED": 1}),
    get("lamps that can be bought", "sales", "/api/v1/catalogue?prefix=LAMP", "shop"),
    retire("lamps are retired as of another version", "LAMP/RED", {"If-Match": '"1"'}),
    retire("lamps are retired by one who may only read", "LAMP/RED", who="browser"),
    retire("lamps are retired", "LAMP/RED", {"Idempotency-Key": "no-lamps"}),
    retire("lamps are retired, again", "LAMP/RED", {"Idempotency-Key": "no-lamps"}),
    retire("lamps are retired, once more", "LAMP/RED", {"If-Match": '"3"'}),
    retire("what is not there is retired", "LAMP/NONE"),
    order("an order over what is retired", {"LAMP/RED": 1}),
    quote("a quote over what is retired", {"LAMP/RED": 1}),
    get("what is retired, for a customer", "sales", "/api/v1/catalogue/LAMP/RED", "shop"),
    get("lamps that can still be bought", "sales", "/api/v1/catalogue?prefix=LAMP", "shop"),
    get("what is retired, for a cataloguer", "product", f"{PRODUCTS}/LAMP/RED", "browser"),
    get("all that is retired", "product", f"{PRODUCTS}?active=false", "browser"),
    get("all lamps that are sold", "product", f"{PRODUCTS}?active=true&prefix=LAMP", "browser"),
    put("lamps are sold again", "LAMP/RED", 999, {"If-Match": '"4"'}, active=True),
    move("fewer lamps are counted than are held", "LAMP/RED", "count", 1, "count-lamps-1"),
    move("fewer lamps are there than are held", "LAMP/RED", "count", 1, "count-lamps-1", force=True),
    get("lamps that are missing", "product", "/api/v1/stock/LAMP/RED", "browser"),
    order("an order over lamps that are missing", {"LAMP/RED": 1}),
    move("lamps come in for the missing one and another", "LAMP/RED", "receipt", 2, "lamps-4"),
    order("an order over lamps that are sold again", {"LAMP/RED": 1}, keeps="lamp"),
)
