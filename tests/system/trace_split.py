"""The recorded trace: a shipment that goes out in two parts."""

from collections.abc import Sequence

from tests.system.trace_call import Call, get, report, split
from tests.system.trace_goods import SHIPMENTS
from tests.system.trace_orders import ORDERS

SPLIT: Sequence[Call] = (
    get("the third order's", "delivery", f"{SHIPMENTS}?order_id={{third}}", "watcher", keeps={"socks": "items.0.id"}),
    split("a split by one who may only read", "socks", {"SOCKS": 2}, "s1", who="watcher"),
    split("a split without a key", "socks", {"SOCKS": 2}),
    split("a split of another version", "socks", {"SOCKS": 2}, version='"7"'),
    split("a split of more than there is", "socks", {"SOCKS": 6}, "s1"),
    split("a split of all there is", "socks", {"SOCKS": 5}, "s1"),
    split("a split of what is not in it", "socks", {"TEA": 1}, "s1"),
    split("a split", "socks", {"SOCKS": 2}, "s1", keeps={"pair": "id"}),
    split("the split again", "socks", {"SOCKS": 2}, "s1"),
    split("its key with other lines", "socks", {"SOCKS": 1}, "s1"),
    split("a split as of the version before", "socks", {"SOCKS": 1}, version='"1"'),
    get("the part that is new", "delivery", f"{SHIPMENTS}/{{pair}}", "watcher"),
    *(
        report(f"the new part is {status}", "pair", status, f"n{number}")
        for number, status in enumerate(("packed", "dispatched"))
    ),
    report("the new part failed", "pair", "failed", "n2", note="nobody at home", restock=False),
    report("the new part failed, and no word of restocking", "pair", "failed", "n2", note="nobody at home"),
    report("the new part came back unfit", "pair", "returned", "n3", note="wet", restock=False),
    report("the new part came back unfit, again", "pair", "returned", "n3", note="wet", restock=False),
    report("the new part came back fit, under that key", "pair", "returned", "n3", note="wet", restock=True),
    split("a split of what has left", "pair", {"SOCKS": 1}, "s2"),
    get("the order that went out in part", "sales", f"{ORDERS}/{{third}}", "shop"),
    get("what may happen to it in part", "sales", f"{ORDERS}/{{third}}/transitions", "shop"),
    get("both its parts", "delivery", f"{SHIPMENTS}?order_id={{third}}", "watcher"),
)
