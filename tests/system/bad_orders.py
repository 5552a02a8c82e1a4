"""Bad orders."""

from typing import Any

from tests.system.bad import JSON, LINE, Bad, each, no_json, of_quantity, order, sent, too_large
from tests.system.parties import SHIP_TO

PLACE = "POST /api/v1/orders"
QUANTITY = "/lines/0/quantity"
NUL, ESCAPE, NEWLINE = "a\x00b", "a\x1bb", "a\nb"


def _address(**changes: Any) -> bytes:
    return order(ship_to=SHIP_TO | changes)


def _total(**changes: Any) -> bytes:
    return order(expected_total={"amount": 450, "currency": "EUR"} | changes)


NUMBERS = [
    (f"a quantity of {quantity[:24]}", of_quantity(quantity), QUANTITY)
    for quantity in (
        *("0", "-1", "1000001", str(2**31), str(2**63), str(2**64), "1" + "0" * 400, "9" * 4000),
        *("1.0", "1.5", "1e3", "1e400", '"1"', '""', "null", "true", "[1]", "{}", "-0"),
    )
]
SHAPES = [
    ("null", b"null", ""),
    ("a list", b"[]", ""),
    ("a number", b"7", ""),
    ("a text", b'"order"', ""),
    ("an empty object", b"{}", "/lines"),
    ("no lines", order(lines=[]), "/lines"),
    ("201 lines", order(lines=[LINE] * 201), "/lines"),
    ("100,000 bad lines", sent({"lines": [0] * 100_000, "ship_to": SHIP_TO}), ""),
    ("lines that are an object", order(lines={"sku": "TEA"}), "/lines"),
    ("lines that are null", order(lines=None), "/lines"),
    ("a line that is a text", order(lines=["TEA"]), "/lines/0"),
    ("an unknown member", order(priority="high"), "/priority"),
    ("an unknown member of a line", order(lines=[LINE | {"price": 1}]), "/lines/0/price"),
    ("an unknown member of the address", _address(planet="Mars"), "/ship_to/planet"),
    ("an unknown member of the total", _total(tax=3), "/expected_total/tax"),
    ("a member with slashes in its name", order(**{"a/b~c": 1}), "/a~1b~0c"),
    ("a line without SKU", order(lines=[{"quantity": 1}]), "/lines/0/sku"),
    ("a line without quantity", order(lines=[{"sku": "TEA"}]), "/lines/0/quantity"),
    ("no address", sent({"lines": [LINE]}), "/ship_to"),
    ("the second line at fault", order(lines=[LINE, {"sku": "TEA", "quantity": 0}]), "/lines/1/quantity"),
]
TEXTS = [
    *(
        (f"the SKU {sku[:16]!r}", order(lines=[{"sku": sku, "quantity": 1}]), "/lines/0/sku")
        for sku in ("", " ", "-tea", "T E A", "TÉA", NUL, "TEA\n", "x" * 65, "../../etc", "TEA;DROP TABLE stock")
    ),
    ("a SKU that is a number", order(lines=[{"sku": 7, "quantity": 1}]), "/lines/0/sku"),
    *((f"the reference {text[:8]!r}", order(reference=text), "/reference") for text in ("", NUL, NEWLINE, "x" * 201)),
    ("a reference that is a number", order(reference=7), "/reference"),
    *(
        (f"the name {text[:8]!r}", _address(name=text), "/ship_to/name")
        for text in ("", NUL, ESCAPE, NEWLINE, "\x7f", "x" * 201)
    ),
    ("no name", _address(name=None), "/ship_to/name"),
    *(
        (f"the country {text!r}", _address(country=text), "/ship_to/country")
        for text in ("", "de", "DEU", "D", "D\n", "ДE")
    ),
    *((f"the currency {text!r}", order(currency=text), "/currency") for text in ("", "eur", "EURO", "€", "EUR\n")),
]
TOTALS = [
    ("a negative total", _total(amount=-1), "/expected_total/amount"),
    ("a total of 2^63", _total(amount=2**63), "/expected_total/amount"),
    ("a total of 10^400", _total(amount=10**400), "/expected_total/amount"),
    ("a total in text", _total(amount="450"), "/expected_total/amount"),
    ("a total with a point", _total(amount=4.5), "/expected_total/amount"),
    ("a total in no currency", _total(currency="euro"), "/expected_total/currency"),
    ("a total that is a number", order(expected_total=450), "/expected_total"),
]
METADATA = [
    ("21 notes", order(metadata={f"n{number}": "x" for number in range(21)}), "/metadata"),
    ("a note that is a number", order(metadata={"n": 7}), "/metadata/n"),
    ("a long note", order(metadata={"n": "x" * 501}), "/metadata/n"),
    ("a note with a NUL", order(metadata={"n": NUL}), "/metadata/n"),
    ("notes in a list", order(metadata=["n"]), "/metadata"),
]
REFUSED = [
    Bad(
        "a SKU that is not in the catalogue",
        PLACE,
        422,
        "product.unknown_sku",
        content=order(lines=[LINE | {"sku": "NO"}]),
    ),
    Bad(
        "more than there is", PLACE, 409, "product.out_of_stock", content=order(lines=[{"sku": "RARE", "quantity": 2}])
    ),
    Bad("another total", PLACE, 409, "sales.price_changed", content=_total(amount=449)),
    Bad("a total in another currency", PLACE, 409, "sales.price_changed", content=_total(currency="USD")),
    Bad("another currency", PLACE, 422, "sales.mixed_currencies", content=order(currency="USD")),
    Bad(
        "two currencies",
        PLACE,
        422,
        "sales.mixed_currencies",
        content=order(lines=[LINE, {"sku": "SOCKS", "quantity": 1}]),
    ),
    Bad(
        "a total beyond amounts",
        PLACE,
        422,
        "sales.total_too_large",
        content=order(lines=[{"sku": "GOLD", "quantity": 1_000_000}] * 100),
    ),
]
KEYS = [
    Bad(f"the key {name}", PLACE, 422, "invalid", "/Idempotency-Key", content=order(), headers={"Idempotency-Key": key})
    for name, key in {
        "of nothing": "",
        "of 256": "x" * 256,
        "with an umlaut": "schlüssel",
        "with a tab": "a\tb",
    }.items()
]
QUOTE = "POST /api/v1/quotes"


def _quote(**changes: Any) -> bytes:
    return sent({"lines": [LINE]} | changes)


QUOTES = [
    ("null", b"null", ""),
    ("an empty object", b"{}", "/lines"),
    ("no lines", _quote(lines=[]), "/lines"),
    ("201 lines", _quote(lines=[LINE] * 201), "/lines"),
    ("a quantity of 0", _quote(lines=[LINE | {"quantity": 0}]), QUANTITY),
    ("a quantity of 10^400", _quote(lines=[LINE | {"quantity": 10**400}]), QUANTITY),
    ("a quantity in text", _quote(lines=[LINE | {"quantity": "1"}]), QUANTITY),
    ("a SKU with a NUL", _quote(lines=[LINE | {"sku": NUL}]), "/lines/0/sku"),
    ("a long SKU", _quote(lines=[LINE | {"sku": "x" * 65}]), "/lines/0/sku"),
    ("an unknown member of a line", _quote(lines=[LINE | {"price": 1}]), "/lines/0/price"),
    ("an address", _quote(ship_to=SHIP_TO), "/ship_to"),
    ("an expected total", _quote(expected_total={"amount": 1, "currency": "EUR"}), "/expected_total"),
    *((f"the currency {text!r}", _quote(currency=text), "/currency") for text in ("", "eur", "EURO", "€", "EUR\n")),
]
NOT_QUOTED = [
    Bad(
        "a quote over nothing we know", QUOTE, 422, "product.unknown_sku", content=_quote(lines=[LINE | {"sku": "NO"}])
    ),
    Bad("a quote in another currency", QUOTE, 422, "sales.mixed_currencies", content=_quote(currency="USD")),
    Bad(
        "a quote in two currencies",
        QUOTE,
        422,
        "sales.mixed_currencies",
        content=_quote(lines=[LINE, {"sku": "SOCKS", "quantity": 1}]),
    ),
    Bad(
        "a quote beyond amounts",
        QUOTE,
        422,
        "sales.total_too_large",
        content=_quote(lines=[{"sku": "GOLD", "quantity": 1_000_000}] * 100),
    ),
]
ORDERS = [
    *no_json(PLACE, "shop"),
    *too_large(PLACE, "shop"),
    *each(NUMBERS + SHAPES + TEXTS + TOTALS + METADATA, PLACE, who="shop"),
    *(Bad(**(vars(bad) | {"headers": JSON | bad.headers})) for bad in REFUSED + KEYS + NOT_QUOTED),
    *no_json(QUOTE, "shop"),
    *too_large(QUOTE, "shop"),
    *each(QUOTES, QUOTE, who="shop"),
]
