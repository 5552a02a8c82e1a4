"""Bad changes of the catalogue."""

from typing import Any

from tests.system.bad import JSON, Bad, no_json, sent, too_large

PUT, RETIRE = "PUT /api/v1/products/TEA", "DELETE /api/v1/products/TEA"
NEVER = {"If-Match": '"999999999"'}
"""A condition under which nothing is changed, where a request is good but for what its row says."""


def _product(**changes: Any) -> bytes:
    return sent({"name": "Tea", "unit_price": {"amount": 450, "currency": "EUR"}} | changes)


def _price(**changes: Any) -> bytes:
    return _product(unit_price={"amount": 450, "currency": "EUR"} | changes)


BODIES = [
    ("null", b"null", ""),
    ("a list", b"[]", ""),
    ("nothing in it", b"{}", "/name"),
    ("no price", sent({"name": "Tea"}), "/unit_price"),
    *((f"the name {name!r}"[:24], _product(name=name), "/name") for name in ("", "a\x00b", "a\nb", "x" * 201, 7, None)),
    *(
        (f"the price {str(amount)[:24]}", _price(amount=amount), "/unit_price/amount")
        for amount in (-1, 10**12 + 1, 2**63, 10**400, 4.5, "450", None, True)
    ),
    *(
        (f"the currency {text!r}", _price(currency=text), "/unit_price/currency")
        for text in ("", "eur", "EURO", "EUR\n")
    ),
    ("a price that is a number", _product(unit_price=450), "/unit_price"),
    ("an unknown member of the price", _price(tax=3), "/unit_price/tax"),
    *((f"active: {active!r}", _product(active=active), "/active") for active in ("true", 1, "")),
    ("another SKU", _product(sku="MUG"), "/sku"),
    ("a version", _product(version=1), "/version"),
]
SKUS = ("-tea", "T%20E", "T%C3%89A", "x" * 65, "TEA;DROP", "/TEA")
TAGS = ('"999"', '"0"', "1", 'W/"1"', '"x"', "", '"1", "2"', '"' + "9" * 400 + '"')


def _row(name: str, request: str, status: int, code: str, pointer: str | None = None, **headers: str) -> Bad:
    named = {header.replace("_", "-"): value for header, value in headers.items()}
    return Bad(name, request, status, code, pointer, "cataloguer", _product(), headers=JSON | named)


CONDITIONS = [
    _row("a product without a condition", PUT, 428, "precondition_required"),
    _row("a product in any version", PUT, 428, "precondition_required", If_Match="*"),
    _row("a product that is there, as a new one", PUT, 412, "precondition_failed", If_None_Match="*"),
    _row("a product if it is not some version", PUT, 422, "invalid", "/If-None-Match", If_None_Match='"1"'),
    _row("a product that is new and is not", PUT, 412, "precondition_failed", If_None_Match="*", If_Match='"1"'),
    *(_row(f"a product in version {tag[:9]}", PUT, 412, "precondition_failed", If_Match=tag) for tag in TAGS),
    *(_row(f"no product in version {tag[:9]}", RETIRE, 412, "precondition_failed", If_Match=tag) for tag in TAGS),
    *(
        _row(f"{request} with the key {name}", request, 422, "invalid", "/Idempotency-Key", Idempotency_Key=key)
        for request in (PUT, RETIRE)
        for name, key in {"of nothing": "", "of 256": "x" * 256, "with an umlaut": "ü"}.items()
    ),
    *(
        _row(f"the SKU {sku[:9]}", f"PUT /api/v1/products/{sku}", 422, "invalid", "/sku", If_None_Match="*")
        for sku in SKUS
    ),
    _row("the SKU of nothing", "PUT /api/v1/products/", 422, "invalid", "/sku", If_None_Match="*"),
    _row("no product to retire", "DELETE /api/v1/products/NO", 404, "product.not_found"),
    _row("a product to retire of a long name", f"DELETE /api/v1/products/{'x' * 5000}", 404, "product.not_found"),
]


def _conditioned(bad: Bad) -> Bad:
    return Bad(**(vars(bad) | {"headers": bad.headers | NEVER}))


CATALOGUE = [
    *map(_conditioned, no_json(PUT, "cataloguer")),
    *map(_conditioned, too_large(PUT, "cataloguer")),
    *(
        Bad(f"{PUT} with {name}", PUT, 422, "invalid", pointer, "cataloguer", content, headers=JSON | NEVER)
        for name, content, pointer in BODIES
    ),
    *CONDITIONS,
    *(
        Bad(f"{request} by {who}", request, status, code, None, who, _product(), headers=JSON | NEVER)
        for request in (PUT, RETIRE)
        for who, status, code in (("browser", 403, "insufficient_scope"), ("shop", 401, "invalid_token"))
    ),
]
