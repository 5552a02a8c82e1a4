"""The recorded trace: orders placed and refused, and what customers read of them."""

from collections.abc import Sequence

from tests.system.bad import NOWHERE
from tests.system.parties import SHIP_TO
from tests.system.trace_call import Call, get, is_whole, move, order

ORDERS = "/api/v1/orders"
JSON = {"Content-Type": "application/json"}

PLACED: Sequence[Call] = (
    order("an order with a key", {"TEA": 2, "MUG": 1}, "first", keeps="first"),
    order("the same again", {"TEA": 2, "MUG": 1}, "first"),
    order("the key with another body", {"TEA": 3}, "first"),
    order("another client's order with that key", {"TEA": 2, "MUG": 1}, "first", who="other_shop", keeps="others"),
    order("an order without a key", {"TEA": 1}, keeps="second", reference="PO-7", metadata={"floor": "3"}),
    order(
        "an order with all there is to say",
        {"SOCKS": 5},
        "full",
        keeps="third",
        currency="USD",
        reference="PO-8",
        expected_total={"amount": 4500, "currency": "USD"},
        ship_to=SHIP_TO | {"company": "Éclair & Søn", "phone": "1"},
    ),
    order("an order for more than there is", {"RARE": 2, "TEA": 1}, "rare"),
    move("what was missing comes in", "RARE", "receipt", 1, "receipt-1"),
    order("the order that was refused, again", {"RARE": 2, "TEA": 1}, "rare", keeps="fourth"),
    order("more of one thing than a line may have", {}, lines=[{"sku": "TEA", "quantity": 600_000}] * 2),
    move("so much comes in", "TEA", "receipt", 500_000, "receipt-0"),
    order("that order again", {}, keeps="fifth", lines=[{"sku": "TEA", "quantity": 600_000}] * 2),
    order("an order for nothing we know", {"GHOST": 1, "TEA": 1}),
    order("an order in two currencies", {"TEA": 1, "SOCKS": 1}),
    order("an order in another currency", {"TEA": 1}, currency="USD"),
    order("an order at yesterday's price", {"TEA": 1}, expected_total={"amount": 400, "currency": "EUR"}),
    order("an order beyond amounts", {}, lines=[{"sku": "GOLD", "quantity": 1_000_000}] * 100),
    order("an order of nothing", {}),
    order("an order of less than nothing", {"TEA": -1, "MUG": 0}),
    order("an order to nowhere", {"TEA": 1}, ship_to={"name": ""}),
    order("an order with a member that nobody knows", {"TEA": 1}, priority="high"),
    order("an order with a bad key", {"TEA": 1}, ""),
    order("an order by one who may only read", {"TEA": 1}, who="reader"),
    order("an order by a warehouse", {"TEA": 1}, who="warehouse"),
    Call("an order that is no JSON", "sales", f"POST {ORDERS}", "shop", content=b'{"lines": [', headers=JSON),
    Call("an order that is no text", "sales", f"POST {ORDERS}", "shop", content=b"\xff\xfe", headers=JSON),
    Call("an order as text", "sales", f"POST {ORDERS}", "shop", content=b"tea", headers={"Content-Type": "text/plain"}),
    Call("an order too large", "sales", f"POST {ORDERS}", "shop", content=b" " * (2 << 20), headers=JSON),
    Call("an order by nobody", "sales", f"POST {ORDERS}", json={}),
    Call("an order with a made-up token", "sales", f"POST {ORDERS}", "made_up", {}),
    Call("orders that are put", "sales", f"PUT {ORDERS}", "shop"),
)

READ: Sequence[Call] = (
    get("the order", "sales", f"{ORDERS}/{{first}}", "shop", keeps={"tag": "version"}),
    get("the order, if it has changed", "sales", f"{ORDERS}/{{first}}", "shop", headers={"If-None-Match": '"{tag}"'}),
    get("the order, if it is not this", "sales", f"{ORDERS}/{{first}}", "shop", headers={"If-None-Match": '"0"'}),
    get("the order's history", "sales", f"{ORDERS}/{{first}}/history", "shop"),
    get("what may happen to the order", "sales", f"{ORDERS}/{{first}}/transitions", "shop"),
    get(
        "what may happen, if it has changed",
        "sales",
        f"{ORDERS}/{{first}}/transitions",
        "shop",
        headers={"If-None-Match": '"{tag}"'},
    ),
    get("what may happen to another's order", "sales", f"{ORDERS}/{{first}}/transitions", "other_shop"),
    get("what may happen to no order", "sales", f"{ORDERS}/{NOWHERE}/transitions", "shop"),
    get("another's order", "sales", f"{ORDERS}/{{first}}", "other_shop"),
    get("another's history", "sales", f"{ORDERS}/{{first}}/history", "other_shop"),
    get("another's stream", "sales", f"{ORDERS}/{{first}}/events", "other_shop"),
    get("no order", "sales", f"{ORDERS}/{NOWHERE}", "shop"),
    get("no id", "sales", f"{ORDERS}/7", "shop"),
    get("an order by one who may only write", "sales", f"{ORDERS}/{{first}}", "writer"),
    get("orders by one with less scope", "sales", f"{ORDERS}?limit=1", "narrow"),
    get("all orders", "sales", ORDERS, "shop"),
    get("the first page", "sales", f"{ORDERS}?limit=2", "shop", keeps={"cursor": "next"}),
    get("the second page", "sales", f"{ORDERS}?limit=2&cursor={{cursor}}", "shop"),
    get("orders by status", "sales", f"{ORDERS}?status=confirmed&limit=3", "shop", keeps={"cursor": "next"}),
    get("more orders by status", "sales", f"{ORDERS}?status=confirmed&limit=3&cursor={{cursor}}", "shop"),
    get("orders by reference", "sales", f"{ORDERS}?reference=PO-7", "shop"),
    get("orders of the last century", "sales", f"{ORDERS}?placed_before=1999-12-31T23:59:59Z", "shop"),
    get("orders of this one", "sales", f"{ORDERS}?placed_after=2000-01-01T00:00:00Z&limit=1", "shop"),
    get("another's orders", "sales", ORDERS, "other_shop"),
    get("orders in a status that is none", "sales", f"{ORDERS}?status=lost", "shop"),
    get("orders behind no cursor", "sales", f"{ORDERS}?cursor=tea&limit=0", "shop"),
    get("a control character", "sales", f"{ORDERS}/a%00b", "shop"),
    get("no path", "sales", "/api/v2/orders", "shop"),
    get("what a problem of product means, at sales", "sales", "/problems/product.out_of_stock"),
    get("what a problem of sales means, at delivery", "delivery", "/problems/sales.price_changed"),
    *(get(f"whether {module} is alive", module, "/health/live") for module in ("auth", "sales", "delivery", "product")),
    *(
        get(f"whether {module} is ready", module, "/health/ready", until=is_whole)
        for module in ("auth", "sales", "delivery", "product")
    ),
)
