"""Real tokens of real clients, at services for which they were not made."""

from collections.abc import Sequence

from tests.adversarial.row import Row

CHAPTER = "A token elsewhere"
TITLE = "Access tokens of real clients at another service"
AUDIENCE = "RFC 9068, 4: aud; RFC 9700, 2.3"
SCOPE = "RFC 6750, 3.1: insufficient_scope"
INVALID = {"www-authenticate": 'Bearer realm="waybill", error="invalid_token"'}


def _wrong(who: str, *at: str, request: str = "GET <route>", what: str = "") -> Row:
    name = f"the token of {who}{what} at {' and '.join(at)}"
    return Row(name, AUDIENCE, request, 401, "invalid_token", headers=_bearer(who), answers=INVALID, at=at)


def _lacks(name: str, who: str, request: str, scope: str, at: str) -> Row:
    answers = {"www-authenticate": f'Bearer realm="waybill", error="insufficient_scope", scope="{scope}"'}
    return Row(name, SCOPE, request, 403, "insufficient_scope", headers=_bearer(who), answers=answers, at=(at,))


def _good(who: str, *at: str) -> Row:
    return Row(f"the token of {who} at {' and '.join(at)}", AUDIENCE, "GET <route>", 200, headers=_bearer(who), at=at)


def _bearer(who: str) -> Sequence[str]:
    return (f"Authorization: Bearer <token of {who}>",)


ROWS: list[Row] = [
    _good("a customer", "sales"),
    _good("a cataloguer", "product"),
    _good("a warehouse", "delivery"),
    _wrong("a customer", "product", "delivery", "auth"),
    _wrong("a cataloguer", "sales", "delivery", "auth"),
    _wrong("a warehouse", "sales", "product", "auth"),
    _wrong("an operator", "sales", "product", "delivery", "auth"),
    _wrong("an administrator", "sales", "product", "delivery"),
    _wrong("a client of two services, for sales", "product"),
    _wrong("a client of two services, for product", "sales"),
    _wrong("a service of ours for product", "sales", "delivery", "auth"),
    _wrong("a service of ours for delivery", "sales", "product", "auth"),
    _wrong("a service of ours for auth", "sales", "product", "delivery"),
    _good("a service of ours for auth", "auth"),
    _wrong("a customer", "product", request="POST /internal/product/release", what=", to release"),
    _wrong("a customer", "sales", "product", "delivery", request="POST /internal/<asked>/operator/facts", what=", as operator,"),
    _wrong("a service of ours for product", "product", request="POST /internal/product/operator/facts", what=", as operator,"),
    _wrong("a service of ours for product", "sales", request="POST /internal/sales/settle", what=", to settle"),
    _wrong("an operator", "sales", request="POST /internal/sales/settle", what=", to settle"),
    _wrong("an administrator", "auth", request="POST /internal/auth/operator/create_client", what=", as operator,"),
    _lacks("a customer among our own services", "a customer", "POST /internal/sales/settle", "internal:call", "sales"),
    _lacks("a cataloguer among our own services", "a cataloguer", "POST /internal/product/release", "internal:call", "product"),
    _lacks("a warehouse among our own services", "a warehouse", "POST /internal/delivery/progress", "internal:call", "delivery"),
    _lacks("an administrator among our own services", "an administrator", "GET <route>", "internal:call", "auth"),
    _wrong("a customer", "auth", request="GET /auth/clients", what=", among clients,"),
    _wrong("a cataloguer", "auth", request="POST /auth/clients", what=", to make a client,"),
    _wrong("an operator", "auth", request="GET /auth/clients", what=", among clients,"),
    _wrong("a service of ours for product", "auth", request="POST /auth/clients", what=", to make a client,"),
    _lacks("who may ask about tokens, among clients", "who may ask about tokens", "GET /auth/clients", "auth:admin", "auth"),
    _lacks("who may ask about tokens, to make a client", "who may ask about tokens", "POST /auth/clients", "auth:admin", "auth"),
    _lacks("a service of ours among clients", "a service of ours for auth", "GET /auth/clients", "auth:admin", "auth"),
    _lacks("a service of ours in the catalogue", "a service of ours for product", "GET <route>", "catalogue:read", "product"),
    _lacks("a customer who only reads, and orders", "a reader", "POST /api/v1/orders", "orders:write", "sales"),
]  # fmt: skip
