"""The steps that a shipment may take, and who brings it there."""

from collections.abc import Mapping
from dataclasses import dataclass

from modules.delivery.port import NothingToRestock
from modules.kernel.errors import PreconditionFailed

STEPS: Mapping[str, tuple[str, ...]] = {
    "pending": ("packed", "cancelled"),
    "packed": ("dispatched", "cancelled"),
    "dispatched": ("in_transit", "failed"),
    "in_transit": ("delivered", "failed"),
    "failed": ("in_transit", "returned"),
    "delivered": ("returned",),
    "cancelled": (),
    "returned": (),
}
"""Every status of a shipment, and the steps from it. The rows of `shipment_step` are these."""

BROUGHT_BY: Mapping[str, str] = {
    "packed": "warehouse",
    "dispatched": "warehouse",
    "in_transit": "carrier",
    "delivered": "carrier",
    "failed": "carrier",
    "returned": "warehouse",
    "cancelled": "the order",
}
"""Who brings a shipment to each status that a step leads to. Of the warehouse and the carrier, either may report it."""

REPORTED = frozenset(status for status, who in BROUGHT_BY.items() if who != "the order")
"""What a warehouse or a carrier can report. Cancelling is the order's business, not theirs."""

LACKS: Mapping[str, str] = {
    "pending": "It is not packed yet.",
    "packed": "It has not left yet.",
    "dispatched": "It is not in transit yet.",
    "in_transit": "It is still on its way.",
    "failed": "It has to be in transit again first.",
    "delivered": "It was delivered: it can only come back.",
    "cancelled": "It is over: it was cancelled.",
    "returned": "It is over: it came back.",
}
"""Why a shipment in a status is not further than its steps lead."""

ON_ITS_WAY = ("pending", "packed", "dispatched", "in_transit", "delivered")
"""Statuses that a shipment leaves behind, one after the other; only to be in transit may come again."""


STOPPABLE = frozenset(status for status, steps in STEPS.items() if "cancelled" in steps)
"""What has not left: it can still be cancelled."""


def check_version(present: int, expected: int | None) -> None:
    """See that a shipment is as its caller has seen it, where it says how that was.

    Raises:
        PreconditionFailed: it has moved on; `details["version"]` is the present one.
    """
    if expected not in {None, present}:
        raise PreconditionFailed(f"The shipment is at version {present} now.", version=present)


def restocked(status: str, *, restock: bool | None) -> bool | None:
    """Whether what comes back with a step to `status` is fit to be sold again: yes, unless it is said that it is not.

    Raises:
        NothingToRestock: it is said of a step with which nothing comes back.
    """
    if status == "returned":
        return restock is not False
    if restock is not None:
        detail = "Only of a return can be said whether the goods are fit to be sold again."
        raise NothingToRestock(detail, errors=[{"pointer": "/restock", "code": "not_returned", "detail": detail}])
    return None


def allowed(status: str) -> tuple[str, ...]:
    """The steps that may be reported of a shipment in `status`."""
    return tuple(step for step in STEPS[status] if step in REPORTED)


@dataclass(frozen=True, slots=True)
class ShipmentMove:
    """Where a shipment may go, and who brings it there: the warehouse, the carrier, or the order."""

    to: str
    by: str


@dataclass(frozen=True, slots=True)
class ShipmentBlock:
    """Where a shipment may not go from where it is, and why."""

    to: str
    reason: str


@dataclass(frozen=True, slots=True)
class ShipmentTransitions:
    """What may happen to a shipment from where it is, and what may not: every status but its own, once."""

    status: str
    allowed: tuple[ShipmentMove, ...]
    blocked: tuple[ShipmentBlock, ...]


def transitions(status: str) -> ShipmentTransitions:
    """What may happen to a shipment in `status`."""
    others = [to for to in STEPS if to != status]
    return ShipmentTransitions(
        status=status,
        allowed=tuple(ShipmentMove(to, BROUGHT_BY[to]) for to in others if to in STEPS[status]),
        blocked=tuple(ShipmentBlock(to, _reason(status, to)) for to in others if to not in STEPS[status]),
    )


def _reason(status: str, to: str) -> str:
    """Why there is no step from one status to another."""
    if to == "cancelled" and STEPS[status]:
        return f"It has left: it is {status}."
    here = "in_transit" if status == "failed" else status
    if here in ON_ITS_WAY and to in ON_ITS_WAY[: ON_ITS_WAY.index(here)]:
        return f"It is past that: it is {status}."
    return LACKS[status]
