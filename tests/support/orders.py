"""What customers ask for in tests, and what they hear."""

from dataclasses import replace
from typing import Any

from modules.kernel.idempotency import fingerprint
from modules.kernel.ids import ClientId
from modules.sales.service import Placed, PlaceOrder

Outcome = Placed | Exception

CUSTOMER = ClientId("customer")
SHIP_TO = {"name": "Maria Anders", "line1": "Obere Str. 57", "city": "Berlin", "country": "DE"}


def order(key: str | None, /, **quantities: int) -> PlaceOrder:
    """A request of the customer."""
    return variant(PlaceOrder(CUSTOMER, key, "", tuple(quantities.items()), SHIP_TO))


def variant(request: PlaceOrder, **changes: Any) -> PlaceOrder:
    """The request with other contents under the same key, and the fingerprint that belongs to them."""
    changed = replace(request, **changes)
    body = (changed.lines, changed.ship_to, changed.reference, changed.currency, changed.expected_total)
    return replace(changed, fingerprint=fingerprint(body))


def told(outcome: Outcome) -> str:
    """What the client hears: "placed", "replayed", or the code of the refusal."""
    if isinstance(outcome, Placed):
        return "replayed" if outcome.replayed else "placed"
    return getattr(outcome, "code", None) or f"{type(outcome).__name__}: {outcome}"
