"""The recorded trace: what a carrier pushes about a parcel of its own."""

from collections.abc import Sequence

from tests.system.bad import NOWHERE
from tests.system.trace_call import Call, get, order, push, report
from tests.system.trace_goods import SHIPMENTS
from tests.system.trace_orders import ORDERS

CARRIED: Sequence[Call] = (
    order("an order for a carrier", {"MUG": 1}, "carried", keeps="order_carried"),
    get(
        "its parcel", "delivery", f"{SHIPMENTS}?order_id={{order_carried}}", "watcher", keeps={"carried": "items.0.id"}
    ),
    push("in transit, before it is packed", "m2", "in_transit"),
    report("it is packed for the carrier", "carried", "packed", "c1"),
    push("collected", "m1", "dispatched", tracking_code="G-1", note="at the ramp"),
    push("collected, again", "m1", "dispatched", tracking_code="G-1", note="at the ramp"),
    push("that message with other words", "m1", "dispatched"),
    push("collected, in another message", "m3", "dispatched"),
    push("delivered, by its tracking code", "m4", "delivered", shipment_id=None, tracking_code="G-1"),
    push("lost, after it was delivered", "m5", "failed"),
    push("a step that is none", "m6", "lost"),
    push("long ago", "m6", "returned", at="2020-01-01T00:00:00Z"),
    push("a parcel that there is not", "m6", "returned", shipment_id=NOWHERE),
    push("a word of restocking at the wrong time", "m6", "delivered", restock=False),
    push("a carrier that nobody knows", "m6", "returned", carrier="dhl"),
    Call("an update without a signature", "delivery", "POST /api/v1/carriers/gls/updates", json={}),
    get("the carrier's parcel", "delivery", f"{SHIPMENTS}/{{carried}}", "watcher"),
    get("the carrier's order", "sales", f"{ORDERS}/{{order_carried}}", "shop"),
)
