"""What sales asks product for, and what it hears."""

from collections.abc import Sequence

from modules.kernel.ids import HoldId, OrderId, new_id
from modules.product.port import Availability, AvailabilityRequest, Line


def asks(**quantities: int) -> AvailabilityRequest:
    """A question that holds nothing."""
    return AvailabilityRequest(tuple(Line(sku, quantity) for sku, quantity in quantities.items()))


def wants(order_id: OrderId | None = None, /, **quantities: int) -> AvailabilityRequest:
    """A basket to hold, for a new order where none is named."""
    return AvailabilityRequest(asks(**quantities).lines, order_id or OrderId(new_id()), hold=True)


def said(answers: Sequence[Availability]) -> list[str]:
    """What each basket hears."""
    return [answer.refusal or ("held" if answer.hold_id else str(answer.available)) for answer in answers]


def held_by(answers: Sequence[Availability]) -> list[HoldId]:
    """The holds that were given."""
    return [answer.hold_id for answer in answers if answer.hold_id is not None]
