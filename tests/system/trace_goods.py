"""The recorded trace: parcels and what becomes of their orders, the catalogue and its stock."""

from collections.abc import Sequence

from tests.system.bad import NOWHERE
from tests.system.trace_call import Call, check, get, move, quote, report
from tests.system.trace_orders import ORDERS

SHIPMENTS, TEA = "/api/v1/shipments", {"sku": "TEA", "quantity": 2}

SHIPPED: Sequence[Call] = (
    get(
        "the order's shipments",
        "delivery",
        f"{SHIPMENTS}?order_id={{first}}",
        "warehouse",
        keeps={"parcel": "items.0.id"},
    ),
    get("the second order's", "delivery", f"{SHIPMENTS}?order_id={{second}}", "watcher", keeps={"other": "items.0.id"}),
    get("shipments, a page", "delivery", f"{SHIPMENTS}?limit=2", "warehouse", keeps={"cursor": "next"}),
    get("shipments, the next page", "delivery", f"{SHIPMENTS}?limit=2&cursor={{cursor}}", "warehouse"),
    get("shipments by a customer", "delivery", SHIPMENTS, "shop"),
    get("the shipment", "delivery", f"{SHIPMENTS}/{{parcel}}", "watcher"),
    get(
        "the shipment, if it has changed",
        "delivery",
        f"{SHIPMENTS}/{{parcel}}",
        "watcher",
        headers={"If-None-Match": '"1"'},
    ),
    get("what may happen to the shipment", "delivery", f"{SHIPMENTS}/{{parcel}}/transitions", "watcher"),
    get("what may happen to no shipment", "delivery", f"{SHIPMENTS}/{NOWHERE}/transitions", "watcher"),
    get("no shipment", "delivery", f"{SHIPMENTS}/{NOWHERE}", "watcher"),
    report("packed, by one who may only read", "parcel", "packed", "p1", who="watcher"),
    report("packed, without a key", "parcel", "packed"),
    report("packed, as of another version", "parcel", "packed", version='"7"'),
    report("packed", "parcel", "packed", "p1", note="two boxes"),
    report("packed, again", "parcel", "packed", "p1", note="two boxes"),
    report("the key with another status", "parcel", "dispatched", "p1"),
    report("delivered, before it was dispatched", "parcel", "delivered", "p2"),
    report("a status that is none", "parcel", "lost", "p2"),
    report("cancelled, which is the order's business", "parcel", "cancelled", "p2"),
    report("a report with a member that nobody knows", "parcel", "dispatched", "p2", color="red"),
    report(
        "dispatched, as of the version seen",
        "parcel",
        "dispatched",
        version='"2"',
        carrier="by hand",
        tracking_code="T-1",
    ),
    report("dispatched, as of that version again", "parcel", "dispatched", version='"2"', carrier="by hand"),
    report("in transit", "parcel", "in_transit", "p3", at="2024-02-29T12:00:00+01:00"),
    report("delivered", "parcel", "delivered", "p4"),
    *(
        report(f"the other parcel is {status}", "other", status, f"o{number}")
        for number, status in enumerate(("packed", "dispatched", "failed", "in_transit", "failed", "returned"))
    ),
    report("returned, again", "other", "returned", "o9"),
    get("the order that was delivered", "sales", f"{ORDERS}/{{first}}", "shop"),
    get("its history", "sales", f"{ORDERS}/{{first}}/history", "shop"),
    get("what may happen to it", "sales", f"{ORDERS}/{{first}}/transitions", "shop"),
    get("what may happen to the one that came back", "sales", f"{ORDERS}/{{second}}/transitions", "shop"),
    get("its stream", "sales", f"{ORDERS}/{{first}}/events", "shop"),
    get(
        "its stream from the third step on",
        "sales",
        f"{ORDERS}/{{first}}/events",
        "shop",
        headers={"Last-Event-ID": "3"},
    ),
    get("the order that came back", "sales", f"{ORDERS}/{{second}}/history", "shop"),
    get("the delivered shipment", "delivery", f"{SHIPMENTS}/{{parcel}}", "warehouse"),
    get("what may happen to the delivered shipment", "delivery", f"{SHIPMENTS}/{{parcel}}/transitions", "warehouse"),
    get("shipments on their way", "delivery", f"{SHIPMENTS}?status=pending", "warehouse"),
)

OFFERS = "/api/v1/catalogue"

BOUGHT: Sequence[Call] = (
    get("what can be bought, a page", "sales", f"{OFFERS}?limit=2", "shop", keeps={"cursor": "next"}),
    get("what can be bought, the next page", "sales", f"{OFFERS}?limit=2&cursor={{cursor}}", "reader"),
    get("what can be bought, by prefix", "sales", f"{OFFERS}?prefix=S", "shop"),
    get("what can be bought, behind the last", "sales", f"{OFFERS}?cursor=ZZZ", "shop"),
    get("what can be bought, none of it", "sales", f"{OFFERS}?limit=0", "shop"),
    get("one thing that can be bought", "sales", f"{OFFERS}/TEA", "shop"),
    get("nothing that can be bought", "sales", f"{OFFERS}/NO/WHERE", "shop"),
    get("what can be bought, by one who may only write", "sales", OFFERS, "writer"),
    get("what can be bought, by a cataloguer", "sales", f"{OFFERS}/TEA", "cataloguer"),
    get("what can be bought, by nobody", "sales", OFFERS),
    quote("a quote", {"TEA": 2, "MUG": 1}),
    quote("a quote over more than there is", {"RARE": 9, "TEA": 1}, currency="EUR"),
    quote("a quote over more than a line may have", {}, lines=[{"sku": "TEA", "quantity": 600_000}] * 2),
    quote("a quote for nothing we know", {"GHOST": 1, "TEA": 1}),
    quote("a quote in two currencies", {"TEA": 1, "SOCKS": 1}),
    quote("a quote in another currency", {"TEA": 1}, currency="USD"),
    quote("a quote beyond amounts", {}, lines=[{"sku": "GOLD", "quantity": 1_000_000}] * 100),
    quote("a quote over nothing", {}),
    quote("a quote with a member that nobody knows", {"TEA": 1}, priority="high"),
    quote("a quote by one who may only write", {"TEA": 1}, "writer"),
    quote("a quote by nobody", {"TEA": 1}, None),
)

STOCK: Sequence[Call] = (
    *(
        get(f"stock of {sku}", "product", f"/api/v1/stock/{sku}", "browser")
        for sku in ("TEA", "MUG", "RARE", "SOCKS", "NO")
    ),
    move("what came in comes in again", "RARE", "receipt", 1, "receipt-1"),
    move("that key for something else", "TEA", "receipt", 5, "receipt-1"),
    move("a count", "MUG", "count", 500, "count-1"),
    move("a count below what is held", "SOCKS", "count", 1, "count-2"),
    move("a correction", "TEA", "correction", -10, "correction-1"),
    move("a receipt of less than nothing", "TEA", "receipt", -1, "receipt-2"),
    move("a receipt of nothing we know", "NO", "receipt", 1, "receipt-3"),
    move("a receipt by one who may only read", "TEA", "receipt", 1, "receipt-4", "browser"),
    get("the catalogue, a page", "product", "/api/v1/products?limit=2", "browser", keeps={"cursor": "next"}),
    get("the catalogue, the next page", "product", "/api/v1/products?limit=2&cursor={cursor}", "browser"),
    get("the catalogue by prefix", "product", "/api/v1/products?prefix=S", "browser"),
    get("a product", "product", "/api/v1/products/TEA", "browser"),
    get("a product, if it has changed", "product", "/api/v1/products/TEA", "browser", headers={"If-None-Match": '"1"'}),
    get("no product", "product", "/api/v1/products/NO", "browser"),
    get("the catalogue by a customer", "product", "/api/v1/products", "shop"),
    check(
        "baskets",
        "browser",
        {"lines": [TEA, TEA]},
        {"lines": [{"sku": "RARE", "quantity": 1}]},
        {"lines": [{"sku": "NO", "quantity": 1}]},
    ),
    check("a hold by a customer of product", "browser", {"lines": [TEA], "order_id": NOWHERE, "hold": True}),
    check("a hold by a service that is not sales", "service", {"lines": [TEA], "order_id": NOWHERE, "hold": True}),
    check("no baskets", "browser"),
    check("a basket by nobody", None, {"lines": [TEA]}),
    Call("a release by a customer", "product", "POST /internal/product/release", "browser", {"hold_ids": []}),
    Call("a release by nobody", "product", "POST /internal/product/release", json={"hold_ids": []}),
    Call("a catalogue by a customer", "product", "POST /internal/product/catalogue", "browser", {"requests": []}),
    Call("a decision by another's service", "sales", "POST /internal/sales/settle", "service", {"hold_ids": []}),
    *(
        get(f"the contract of {module}", module, f"/internal/{module}/contract")
        for module in ("sales", "delivery", "product")
    ),
)
