"""Bad requests to read: cursors, queries, ids, conditions, methods."""

import base64

from tests.system.bad import NOWHERE, Bad

ORDERS, SHIPMENTS, PRODUCTS = "/api/v1/orders", "/api/v1/shipments", "/api/v1/products"
CATALOGUE = "/api/v1/catalogue"
LISTS = {ORDERS: "shop", SHIPMENTS: "warehouse", PRODUCTS: "cataloguer", CATALOGUE: "shop"}
LONG = "x" * 60_000


def _b64(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


CURSORS = {
    "empty": "",
    "no base64": "%21%21%21",
    "not ASCII": "%C3%A9",
    "one letter": "a",
    "words": _b64("hello world"),
    "no instant": _b64(f"yesterday {NOWHERE}"),
    "no id": _b64("2026-01-01T00:00:00+00:00 7"),
    "only an id": _b64(NOWHERE),
    "the year 0": _b64(f"0001-01-01T00:00:00+14:00 {NOWHERE}"),
    "the year 10000": _b64(f"9999-12-31T23:59:59-14:00 {NOWHERE}"),
    "a SKU": "TEA",
    "bytes": base64.urlsafe_b64encode(b"\xff\xfe\x00").decode(),
    "201 characters": "x" * 201,
}
QUERIES = {
    ORDERS: (
        *(("limit", value) for value in ("0", "-1", "201", "x", "1.5", "", "1" + "0" * 400)),
        *(("status", value) for value in ("", "lost", "PLACED", "x" * 41)),
        ("reference", "x" * 201),
        *(("placed_after", value) for value in ("", "x", "yesterday", "2026-02-30T00:00:00Z", "2026-01-01T00:00:00")),
        ("placed_before", "1e400"),
    ),
    SHIPMENTS: (
        ("limit", "0"),
        ("limit", "99999999999999999999"),
        ("status", "lost"),
        *(("order_id", value) for value in ("", "7", "x" * 36, NOWHERE + "0")),
    ),
    CATALOGUE: (("limit", "0"), ("limit", "201"), ("prefix", "x" * 65), ("cursor", "x" * 65)),
    PRODUCTS: (
        ("limit", "0"),
        ("limit", "x"),
        ("active", "maybe"),
        ("active", "2"),
        ("prefix", "x" * 65),
        ("cursor", "x" * 65),
    ),
}
ONE = {
    f"{ORDERS}/%s": ("shop", "sales.order_not_found"),
    f"{ORDERS}/%s/history": ("shop", "sales.order_not_found"),
    f"{ORDERS}/%s/transitions": ("shop", "sales.order_not_found"),
    f"{ORDERS}/%s/events": ("shop", "sales.order_not_found"),
    f"{SHIPMENTS}/%s": ("warehouse", "delivery.shipment_not_found"),
    f"{SHIPMENTS}/%s/transitions": ("warehouse", "delivery.shipment_not_found"),
    f"{CATALOGUE}/%s": ("shop", "product.not_found"),
    f"{PRODUCTS}/%s": ("cataloguer", "product.not_found"),
    "/api/v1/stock/%s": ("cataloguer", "product.not_found"),
}
IDS = (NOWHERE, "7", "x" * 36, LONG, "%E2%82%AC", "NaN", "%25", "'%20OR%201=1")
BUYABLE = (f"{CATALOGUE}/..%2F..%2Fetc", f"{CATALOGUE}/", f"{CATALOGUE}/TEA/")
PATHS = (f"{PRODUCTS}/..%2F..%2Fetc", f"{PRODUCTS}/", "/api/v1/stock/..%2F..%2Fetc", "/api/v1/stock/")
FOREIGN = ("/{order}", "/{order}/history", "/{order}/transitions", "/{order}/events")
METHODS = {
    f"PUT {ORDERS}": "GET, POST",
    f"DELETE {ORDERS}/{{order}}": "GET",
    f"POST {ORDERS}/{{order}}/events": "GET",
    f"POST {ORDERS}/{{order}}/transitions": "GET",
    f"POST {SHIPMENTS}": "GET",
    f"PUT {SHIPMENTS}/{{shipment}}/transitions": "GET",
    f"GET {SHIPMENTS}/{{shipment}}/status": "POST",
    f"GET {SHIPMENTS}/{{shipment}}/split": "POST",
    f"PATCH {PRODUCTS}/TEA": "GET, PUT, DELETE",
    f"PUT {PRODUCTS}": "GET",
    "DELETE /api/v1/stock/TEA": "GET",
    f"POST {CATALOGUE}": "GET",
    f"PUT {CATALOGUE}/TEA": "GET",
    "GET /api/v1/quotes": "POST",
    "GET /auth/token": "POST",
    "GET /availability": "POST",
    "POST /health/live": "GET",
    "TRACE /.well-known/jwks.json": "GET",
    "OPTIONS /metrics": "GET",
}
READS = [
    *(
        Bad(f"GET {path} at the cursor {name}", f"GET {path}?cursor={cursor}", 422, "invalid", "/cursor", LISTS[path])
        for path in (ORDERS, SHIPMENTS)
        for name, cursor in CURSORS.items()
    ),
    *(
        Bad(f"GET {path}?{name}={value[:20]}", f"GET {path}?{name}={value}", 422, "invalid", f"/{name}", LISTS[path])
        for path, queries in QUERIES.items()
        for name, value in queries
    ),
    *(
        Bad(f"GET {path % bad[:20]}", f"GET {path % bad}", 404, code, None, who)
        for path, (who, code) in ONE.items()
        for bad in IDS
    ),
    *(Bad(f"GET {path}", f"GET {path}", 404, "product.not_found", None, "cataloguer") for path in PATHS),
    *(Bad(f"GET {path}", f"GET {path}", 404, "product.not_found", None, "shop") for path in BUYABLE),
    *(
        Bad(f"GET {path % bad}: no text", f"GET {path % bad}", 400, "malformed_request", None, who)
        for path, (who, _) in ONE.items()
        for bad in ("%00", "a%0Ab", "%FF", "%ED%A0%80", "%7F")
    ),
    *(
        Bad(f"GET {path}?{query}", f"GET {path}?{query}", 400, "malformed_request", None, who)
        for path, who in LISTS.items()
        for query in ("cursor=%00", "status=a%0db", "x=%1F", "%00=x")
    ),
    *(
        Bad(f"GET another's {path}", f"GET {ORDERS}{path}", 404, "sales.order_not_found", None, "other_shop")
        for path in FOREIGN
    ),
    *(
        Bad(request, request, 405, "method_not_allowed", answers={"Allow": allowed})
        for request, allowed in METHODS.items()
    ),
    *(
        Bad(f"GET {path[:40]}", f"GET {path}", 404, "no_such_path")
        for path in (
            "/",
            "/api",
            "/api/v2/orders",
            f"{ORDERS}/",
            f"/{LONG}",
            f"{ORDERS}/..%2F..%2Fetc",
            "/problems/no.such",
            "/.env",
            "//",
        )
    ),
]
