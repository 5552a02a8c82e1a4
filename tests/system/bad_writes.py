"""Bad reports of shipments, bad movements of stock, bad baskets."""

from typing import Any

from tests.system.bad import JSON, LINE, NOWHERE, Bad, each, no_json, sent, too_large

REPORT, SPLIT, MOVE, CHECK = (
    "POST /api/v1/shipments/{shipment}/status",
    "POST /api/v1/shipments/{shipment}/split",
    "POST /api/v1/stock/TEA/movements",
    "POST /availability",
)
PACKED = sent({"status": "packed"})
KEY = JSON | {"Idempotency-Key": "bad"}


def _report(**changes: Any) -> bytes:
    return sent({"status": "packed"} | changes)


def _split(*lines: Any, **changes: Any) -> bytes:
    return sent({"lines": lines} | changes)


def _movement(**changes: Any) -> bytes:
    return sent({"kind": "receipt", "quantity": 1, "key": "bad"} | changes)


def _baskets(*lines: Any, **changes: Any) -> bytes:
    return sent({"requests": [{"lines": lines} | changes]})


REPORTS = [
    ("nothing in it", b"{}", "/status"),
    ("a list", b"[]", ""),
    *((f"the status {status!r}", _report(status=status), "/status") for status in ("", "lost", "cancelled", 7, None)),
    *(
        (f"the instant {at!r}", _report(at=at), "/at")
        for at in ("", "now", "2026-01-01T00:00:00", "2026-13-01T00:00:00Z")
    ),
    ("an instant before time", _report(at="0001-01-01T00:00:00+14:00"), "/at"),
    ("an instant after time", _report(at="9999-12-31T23:59:59-14:00"), "/at"),
    ("a note with a NUL", _report(note="a\x00b"), "/note"),
    ("a note of nothing", _report(note=""), "/note"),
    ("a long note", _report(note="x" * 201), "/note"),
    ("a tracking code in two lines", _report(tracking_code="a\nb"), "/tracking_code"),
    ("a carrier that is a number", _report(carrier=7), "/carrier"),
    ("a return that is fit perhaps", _report(status="returned", restock="perhaps"), "/restock"),
    ("an unknown member", _report(color="red"), "/color"),
]
CONDITIONS = [
    Bad("a report without a key", REPORT, 428, "precondition_required", headers=JSON),
    Bad("a report on any version", REPORT, 428, "precondition_required", headers=JSON | {"If-Match": "*"}),
    *(
        Bad(f"a report on version {tag}", REPORT, 412, "precondition_failed", headers=JSON | {"If-Match": tag})
        for tag in ('"999"', '"0"', "1", 'W/"1"', '"x"', "", '"1", "2"', '"' + "9" * 400 + '"')
    ),
    *(
        Bad(
            f"a report with the key {name}",
            REPORT,
            422,
            "invalid",
            "/Idempotency-Key",
            headers=JSON | {"Idempotency-Key": key},
        )
        for name, key in {"of nothing": "", "of 256": "x" * 256, "with an umlaut": "ü"}.items()
    ),
    Bad("a step too far", REPORT, 409, "delivery.illegal_transition", content=_report(status="delivered"), headers=KEY),
    Bad(
        "a report on no shipment",
        f"POST /api/v1/shipments/{NOWHERE}/status",
        404,
        "delivery.shipment_not_found",
        headers=KEY,
    ),
    Bad(
        "a step with which nothing comes back",
        REPORT,
        422,
        "delivery.nothing_to_restock",
        "/restock",
        content=_report(restock=True),
        headers=KEY,
    ),
    Bad("a report on no id", "POST /api/v1/shipments/7/status", 404, "delivery.shipment_not_found", headers=KEY),
]
SPLITS = [
    ("nothing in it", b"{}", "/lines"),
    ("a list", b"[]", ""),
    ("no lines", _split(), "/lines"),
    ("201 lines", _split(*[LINE] * 201), "/lines"),
    ("a line that is a text", _split("TEA"), "/lines/0"),
    *(
        (f"a quantity of {quantity!r}", _split(LINE | {"quantity": quantity}), "/lines/0/quantity")
        for quantity in (0, -1, 1_000_001, 1.5, "1", None, True)
    ),
    *((f"the SKU {sku[:8]!r}", _split(LINE | {"sku": sku}), "/lines/0/sku") for sku in ("", "a b", "a\x00", "x" * 65)),
    ("an unknown member of a line", _split(LINE | {"color": "red"}), "/lines/0/color"),
    ("an unknown member", _split(LINE, color="red"), "/color"),
]
WRONG_SPLITS = [
    ("more than there is", _split(LINE | {"quantity": 3}), "/lines/0/quantity"),
    ("what is not in it", _split(LINE, {"sku": "SOCKS", "quantity": 1}), "/lines/1/quantity"),
    ("all of it", _split({"sku": "MUG", "quantity": 1}, LINE, LINE), "/lines"),
]
SPLIT_CONDITIONS = [
    Bad("a split without a key", SPLIT, 428, "precondition_required", headers=JSON),
    Bad("a split of any version", SPLIT, 428, "precondition_required", headers=JSON | {"If-Match": "*"}),
    Bad("a split of another version", SPLIT, 412, "precondition_failed", headers=JSON | {"If-Match": '"999"'}),
    Bad("a split of no version", SPLIT, 412, "precondition_failed", headers=JSON | {"If-Match": "x"}),
    Bad(
        "a split with a bad key",
        SPLIT,
        422,
        "invalid",
        "/Idempotency-Key",
        headers=JSON | {"Idempotency-Key": "\u00fc"},
    ),
    Bad(
        "a split of no shipment",
        f"POST /api/v1/shipments/{NOWHERE}/split",
        404,
        "delivery.shipment_not_found",
        headers=KEY,
    ),
    Bad("a split of no id", "POST /api/v1/shipments/7/split", 404, "delivery.shipment_not_found", headers=KEY),
]
PUSH = "POST /api/v1/carriers/gls/updates"
PUSHES = [
    Bad("an update of nobody we know", "POST /api/v1/carriers/dhl/updates", 404, "delivery.carrier_not_found"),
    Bad("an update without a signature", PUSH, 401, "delivery.bad_signature"),
    Bad("an update with a token instead", PUSH, 401, "delivery.bad_signature", who="warehouse"),
    *(
        Bad(f"an update with the {name} {value!r}", PUSH, 401, "delivery.bad_signature", headers=JSON | {name: value})
        for name, value in {
            "webhook-id": "m1",
            "webhook-timestamp": "1",
            "webhook-signature": "v1,AAAA",
        }.items()
    ),
]
MOVEMENTS = [
    ("nothing in it", b"{}", "/kind"),
    *((f"the kind {kind!r}", _movement(kind=kind), "/kind") for kind in ("", "theft", "hold", None, 7)),
    *(
        (f"a quantity of {str(number)[:24]}", _movement(quantity=number), "/quantity")
        for number in (2**63, 10**400, -(2**63), 1.5, "1", None, True)
    ),
    ("a receipt of less than nothing", _movement(quantity=-1), ""),
    ("a count of less than nothing", _movement(kind="count", quantity=-1), ""),
    *((f"the key {key[:8]!r}", _movement(key=key), "/key") for key in ("", "a b", "ü", "a\x00", "x" * 256)),
    ("a reason with a NUL", _movement(reason="a\x00b"), "/reason"),
    ("a long reason", _movement(reason="x" * 201), "/reason"),
    ("an unknown member", _movement(color="red"), "/color"),
    ("a receipt that is forced", _movement(force=True), ""),
    ("a correction that is forced", _movement(kind="correction", force=True), ""),
    ("force in text", _movement(kind="count", force="true"), "/force"),
]
STOCK = [
    Bad("stock of nothing", "POST /api/v1/stock/NO/movements", 404, "product.not_found", content=_movement()),
    Bad(
        "stock of a long name",
        f"POST /api/v1/stock/{'x' * 5000}/movements",
        404,
        "product.not_found",
        content=_movement(),
    ),
    Bad(
        "less than is held",
        "POST /api/v1/stock/MUG/movements",
        409,
        "product.below_held",
        content=_movement(kind="count", quantity=0),
    ),
    Bad(
        "less than nothing",
        "POST /api/v1/stock/SOCKS/movements",
        409,
        "product.below_held",
        content=_movement(kind="correction", quantity=-1000),
    ),
]
BASKETS = [
    ("nothing in it", b"{}", "/requests"),
    ("no baskets", sent({"requests": []}), "/requests"),
    ("1,001 baskets", sent({"requests": [{"lines": [LINE]}] * 1001}), "/requests"),
    ("an empty basket", _baskets(), "/requests/0/lines"),
    ("201 lines", _baskets(*[LINE] * 201), "/requests/0/lines"),
    ("a quantity of 0", _baskets(LINE | {"quantity": 0}), "/requests/0/lines/0/quantity"),
    ("a quantity of 10^400", _baskets(LINE | {"quantity": 10**400}), "/requests/0/lines/0/quantity"),
    ("a SKU with a NUL", _baskets({"sku": "a\x00", "quantity": 1}), "/requests/0/lines/0/sku"),
    ("an order that is no id", _baskets(LINE, order_id="7"), "/requests/0/order_id"),
    ("a hold that is a text", _baskets(LINE, hold="perhaps"), "/requests/0/hold"),
]
WRITES = [
    *no_json(REPORT, "warehouse"),
    *too_large(REPORT, "warehouse"),
    *each(REPORTS, REPORT, who="warehouse"),
    *(Bad(**({**vars(bad), "who": "warehouse", "content": bad.content or PACKED})) for bad in CONDITIONS),
    *no_json(SPLIT, "warehouse"),
    *too_large(SPLIT, "warehouse"),
    *each(SPLITS, SPLIT, who="warehouse"),
    *each(WRONG_SPLITS, SPLIT, who="warehouse", code="delivery.wrong_split"),
    *(Bad(**({**vars(bad), "who": "warehouse", "content": _split(LINE)})) for bad in SPLIT_CONDITIONS),
    *(
        Bad(**({"content": PACKED} | vars(bad) | {"who": bad.who if bad.who != "shop" else "no token"}))
        for bad in PUSHES
    ),
    *too_large(PUSH, "no token"),
    *no_json(MOVE, "cataloguer"),
    *too_large(MOVE, "cataloguer"),
    *each(MOVEMENTS, MOVE, who="cataloguer"),
    *(Bad(**({**vars(bad), "who": "cataloguer", "headers": JSON})) for bad in STOCK),
    *no_json(CHECK, "browser"),
    *too_large(CHECK, "browser", 17 * 1024 * 1024),
    *each(BASKETS, CHECK, who="browser"),
    *each([("a hold for nothing", _baskets(LINE, hold=True), "/requests/0/order_id")], CHECK, who="sales"),
]
