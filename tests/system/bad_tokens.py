"""Requests with tokens that open nothing, or not this."""

from tests.system.bad import JSON, LINE, Bad, order, sent

BODIES = {
    "POST /api/v1/orders": order(),
    "POST /api/v1/quotes": sent({"lines": [LINE]}),
    "POST /api/v1/shipments/{shipment}/status": sent({"status": "packed"}),
    "POST /api/v1/shipments/{shipment}/split": sent({"lines": [LINE]}),
    "POST /api/v1/stock/TEA/movements": sent({"kind": "receipt", "quantity": 1, "key": "bad"}),
    "POST /availability": sent({"requests": [{"lines": [LINE]}]}),
    "POST /auth/clients": sent({"name": "Bad", "scopes": ["orders:read"], "audiences": ["sales"]}),
    "PATCH /auth/clients/{client}": sent({"name": "Bad"}),
    "POST /auth/clients/{client}/keys": sent({"public_key": "none"}),
}
SECURED = {  # who may, at another service; who is known there and lacks the scope; the scope
    "POST /api/v1/orders": ("warehouse", "reader", "orders:write"),
    "GET /api/v1/orders": ("warehouse", "writer", "orders:read"),
    "GET /api/v1/orders/{order}": ("cataloguer", "writer", "orders:read"),
    "GET /api/v1/orders/{order}/history": ("cataloguer", "writer", "orders:read"),
    "GET /api/v1/orders/{order}/transitions": ("cataloguer", "writer", "orders:read"),
    "POST /api/v1/orders/{order}/cancel": ("cataloguer", "reader", "orders:write"),
    "GET /api/v1/orders/{order}/events": ("sales", "writer", "orders:read"),
    "GET /api/v1/catalogue": ("warehouse", "writer", "orders:read"),
    "GET /api/v1/catalogue/TEA": ("cataloguer", "writer", "orders:read"),
    "POST /api/v1/quotes": ("cataloguer", "writer", "orders:read"),
    "GET /api/v1/shipments": ("shop", "handler", "shipments:read"),
    "GET /api/v1/shipments/{shipment}": ("shop", "handler", "shipments:read"),
    "GET /api/v1/shipments/{shipment}/transitions": ("shop", "handler", "shipments:read"),
    "POST /api/v1/shipments/{shipment}/status": ("shop", "watcher", "shipments:write"),
    "POST /api/v1/shipments/{shipment}/split": ("shop", "watcher", "shipments:write"),
    "GET /api/v1/products": ("shop", "stocker", "catalogue:read"),
    "GET /api/v1/products/TEA": ("warehouse", "stocker", "catalogue:read"),
    "GET /api/v1/stock/TEA": ("shop", "stocker", "catalogue:read"),
    "POST /api/v1/stock/TEA/movements": ("shop", "browser", "stock:write"),
    "POST /availability": ("shop", "stocker", "catalogue:read"),
    **dict.fromkeys(
        (
            *("GET /auth/clients", "POST /auth/clients"),
            *(f"{method} /auth/clients/{{client}}" for method in ("GET", "PATCH", "DELETE")),
            *("POST /auth/clients/{client}/secrets", "DELETE /auth/clients/{client}/secrets/{secret}"),
            *("POST /auth/clients/{client}/keys", "DELETE /auth/clients/{client}/keys/{key}"),
        ),
        ("warehouse", "introspector", "auth:admin"),
    ),
}
FORGED = (
    *("one word", "three words", "expired", "another issuer's", "tampered claims", "tampered signature"),
    *("unsigned", "signed by nobody", "signed with the public key", "a refresh token", "no access token", "too long"),
    *("of another key", "two tokens", "not ASCII"),
)
HOLD = sent({"requests": [{"lines": [LINE], "order_id": "0198c0de-0000-7000-8000-000000000000", "hold": True}]})


def _row(name: str, request: str, status: int, code: str, who: str, challenge: str) -> Bad:
    answers = {"WWW-Authenticate": challenge}
    headers = JSON | {"Idempotency-Key": "bad"}
    return Bad(f"{request} {name}", request, status, code, None, who, BODIES.get(request), False, headers, answers)


TOKENS = [
    *(
        _row(f"with {who}", request, 401, "unauthenticated", who, 'Bearer realm="waybill"')
        for request in SECURED
        for who in ("no token", "another scheme", "an empty token")
    ),
    *(
        _row(f"with a token {who}", request, 401, "invalid_token", who, 'error="invalid_token"')
        for request in SECURED
        for who in ("expired", "tampered claims")
    ),
    *(
        _row(f"with a token {who}", "POST /api/v1/orders", 401, "invalid_token", who, 'error="invalid_token"')
        for who in FORGED
    ),
    *(
        _row(f"with the token of {who}", request, 401, "invalid_token", who, 'error="invalid_token"')
        for request, (who, _, _) in SECURED.items()
    ),
    *(
        _row(f"as {who}", request, 403, "insufficient_scope", who, f'error="insufficient_scope", scope="{scope}"')
        for request, (_, who, scope) in SECURED.items()
    ),
    Bad(
        "a hold for a customer",
        "POST /availability",
        403,
        "insufficient_scope",
        None,
        "browser",
        HOLD,
        False,
        JSON,
        {"WWW-Authenticate": 'scope="internal:call"'},
    ),
    Bad(
        "a hold for another of our services",
        "POST /availability",
        403,
        "forbidden",
        None,
        "delivery",
        HOLD,
        headers=JSON,
    ),
]
