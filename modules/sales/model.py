"""Orders: what is stored, which steps they may take, and what other modules' events make of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modules.kernel.money import MAX_AMOUNT

FINAL = frozenset({"cancelled", "returned", "delivered"})

STEPS: Mapping[str, tuple[str, ...]] = {
    "placed": ("confirmed", "cancelling"),
    "confirmed": ("packed", "cancelling"),
    "packed": ("partially_shipped", "shipped", "cancelling"),
    "cancelling": ("placed", "confirmed", "packed", "cancelled"),
    "partially_shipped": ("shipped",),
    "shipped": ("partially_delivered", "delivered", "delivery_failed"),
    "partially_delivered": ("delivered", "delivery_failed"),
    "delivery_failed": ("shipped", "returned"),
    "delivered": ("returned",),
    "cancelled": (),
    "returned": (),
}
"""Every status of an order, and the steps from it. The rows of `order_step` are these."""

OF_PART: Mapping[str, str] = {
    "pending": "confirmed",
    "packed": "packed",
    "dispatched": "shipped",
    "in_transit": "shipped",
    "delivered": "delivered",
    "failed": "delivery_failed",
    "returned": "returned",
    "cancelled": "cancelled",
}
"""What an order of one part is, by the status of its shipment."""


CANCELLABLE = frozenset(status for status, steps in STEPS.items() if "cancelling" in steps)
"""From where an order may be cancelled, as far as sales knows. Delivery has the last word."""

LEFT = frozenset(STEPS) - CANCELLABLE - {"cancelling", "cancelled", "returned"}
"""Where an order is of which something was handed over, and not all came back."""

LACKS: Mapping[str, str] = {
    "placed": "Delivery has not opened a shipment yet.",
    "confirmed": "Not all of it is packed yet.",
    "packed": "Nothing of it has left yet.",
    "cancelling": "It is being cancelled: delivery has to decide first.",
    "partially_shipped": "Not all of it has left yet.",
    "shipped": "It is still on its way.",
    "partially_delivered": "The rest of it is still on its way.",
    "delivery_failed": "What failed has to be on its way again first.",
    "delivered": "It was delivered: it can only come back.",
    "cancelled": "The order is over: it was cancelled.",
    "returned": "The order is over: it came back.",
}
"""Why an order in a status is not further than its steps lead."""

ON_ITS_WAY = ("placed", "confirmed", "packed", "partially_shipped", "shipped", "partially_delivered", "delivered")
"""Statuses that an order leaves behind, one after the other."""

UNSHIPPED = frozenset({"confirmed", "packed"})
ARRIVED = frozenset({"delivered", "returned"})
PASSED = frozenset({"confirmed", "packed", "partially_shipped", "shipped", "partially_delivered"})
"""What an order may have been for a moment, on its way to where its parts are."""


def steps_to(order: str, parts: Sequence[str]) -> tuple[str, ...]:
    """The steps that an order takes so that it is as far as its parts; none where it is, or where no way leads there.

    Complete over every order status and every set of shipment statuses. An order that is being cancelled waits for
    delivery's word: that every part is cancelled, or that one has left (`resumed`).
    """
    if order == "cancelling":
        return ("cancelled",) if set(parts) == {"cancelled"} else ()
    return _way(order, of_parts(parts))


def resumed(before: str, parts: Sequence[str]) -> tuple[str, ...]:
    """The steps of an order whose cancellation was refused: back to what it was `before`, then on to its parts."""
    return (before, *_way(before, of_parts(parts)))


def of_parts(parts: Sequence[str]) -> str:
    """What an order is, by the parts that are not cancelled: as far as all of them together."""
    open_ = frozenset(OF_PART[part] for part in parts) - {"cancelled"}
    if len(open_) <= 1:
        return next(iter(open_), "cancelled")
    if unshipped := open_ & UNSHIPPED:
        return "partially_shipped" if open_ - UNSHIPPED else min(unshipped, key=list(STEPS).index)
    if "delivery_failed" in open_:
        return "delivery_failed"
    if open_ <= ARRIVED:
        return "delivered"
    return "partially_delivered" if open_ & ARRIVED else "shipped"


def _way(here: str, there: str) -> tuple[str, ...]:
    """The fewest legal steps from one status to another; none where there is no way.

    Nothing is said to have been cancelled, delivered or failed on the way: that is told only where it is so. What came
    back while nobody looked was not delivered.
    """
    passed = PASSED | ({"delivery_failed"} if there == "returned" else frozenset())
    ways: list[tuple[str, ...]] = [()]
    seen = {here}
    while ways:
        way = ways.pop(0)
        last = way[-1] if way else here
        if last == there:
            return way
        for step in STEPS[last]:
            if step not in seen and step in passed | {there}:
                seen.add(step)
                ways.append((*way, step))
    return ()


@dataclass(frozen=True, slots=True)
class OrderMove:
    """Where an order may go, and who brings it there: the customer, or delivery."""

    to: str
    by: str


@dataclass(frozen=True, slots=True)
class OrderBlock:
    """Where an order may not go from where it is, and why."""

    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderTransitions:
    """What may happen to an order from where it is, and what may not: every status but its own, once."""

    status: str
    allowed: tuple[OrderMove, ...]
    blocked: tuple[OrderBlock, ...]


def transitions(status: str, parts: Mapping[int, str]) -> OrderTransitions:
    """What may happen to an order in `status`, whose parcels are so far, by part."""
    others = [to for to in STEPS if to != status]
    return OrderTransitions(
        status=status,
        allowed=tuple(
            OrderMove(to, "customer" if to == "cancelling" else "delivery") for to in others if to in STEPS[status]
        ),
        blocked=tuple(OrderBlock(to, _reason(status, to, parts)) for to in others if to not in STEPS[status]),
    )


def _reason(status: str, to: str, parts: Mapping[int, str]) -> str:
    """Why there is no step from one status to another."""
    if to in {"cancelling", "cancelled"} and status in LEFT:
        gone = [f"part {part} is {one}" for part, one in sorted(parts.items()) if OF_PART[one] in LEFT | {"returned"}]
        return f"It has left: {', '.join(gone)}." if gone else "It has left."
    if to == "cancelled" and status in CANCELLABLE:
        return "Cancelling has to be asked for first, and delivery decides."
    # what failed goes out a second time, so that the order may be shipped again
    here = "shipped" if status in {"partially_delivered", "delivery_failed"} else status
    if here in ON_ITS_WAY and to in ON_ITS_WAY[: ON_ITS_WAY.index(here)]:
        return f"It is past that: it is {status}."
    return LACKS[status]


def total_of(lines: Sequence[tuple[int, int]]) -> int | None:
    """The sum over (quantity, unit price), in minor units; `None` where it is more than an amount can be."""
    total = sum(quantity * unit_price for quantity, unit_price in lines)
    return total if total <= MAX_AMOUNT else None
