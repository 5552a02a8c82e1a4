"""The recorded trace: orders that are cancelled, in time and too late."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.system.bad import NOWHERE
from tests.system.trace_call import Call, get, order, report
from tests.system.trace_orders import ORDERS


def cancel(name: str, of: str, key: str | None = None, body: Any = None, **more: Any) -> Call:
    """A customer who wants an order no more."""
    headers: Mapping[str, str] = {} if key is None else {"Idempotency-Key": key}
    path = f"POST {ORDERS}/{of}/cancel"
    return Call(name, "sales", path, more.pop("who", "shop"), body, headers=headers, causes_events=True, **more)


CANCELLED: Sequence[Call] = (
    order("an order that is not needed", {"MUG": 3}, "unwanted", keeps="unwanted"),
    cancel("another's cancel", "{unwanted}", who="other_shop"),
    cancel("a cancel by one who may only read", "{unwanted}", who="reader"),
    cancel("a cancel with a member that nobody knows", "{unwanted}", body={"why": "x"}),
    cancel("a cancel with a bad key", "{unwanted}", ""),
    cancel("a cancel", "{unwanted}", "c1", {"reason": "bought elsewhere"}),
    cancel("the cancel again", "{unwanted}", "c1", {"reason": "bought elsewhere"}),
    cancel("its key with another reason", "{unwanted}", "c1", {"reason": "no money"}),
    cancel("a cancel of what is cancelled", "{unwanted}", "c2"),
    get("the order that was cancelled", "sales", f"{ORDERS}/{{unwanted}}", "shop"),
    get("its history", "sales", f"{ORDERS}/{{unwanted}}/history", "shop"),
    get("its stream, which is over", "sales", f"{ORDERS}/{{unwanted}}/events", "shop"),
    get("what was held for it", "product", "/api/v1/stock/MUG", "browser"),
    order("that order again", {"MUG": 3}, "unwanted"),
    cancel("a cancel of no order", NOWHERE),
    cancel("a cancel of no id", "7"),
    order("an order that leaves", {"MUG": 1}, "late", keeps="late"),
    get("its parcel", "delivery", "/api/v1/shipments?order_id={late}", "warehouse", keeps={"gone": "items.0.id"}),
    report("it is packed", "gone", "packed", "l1"),
    report("it is handed over", "gone", "dispatched", "l2"),
    cancel("a cancel too late", "{late}", "c3"),
    get("the order that left", "sales", f"{ORDERS}/{{late}}", "shop"),
)
