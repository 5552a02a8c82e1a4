"""How long it takes until what one module tells has its effect in another."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from app.telemetry.metrics import HANDLED, ORDER_TO_SHIPMENT
from modules.kernel.events import Event
from modules.sales.port import OrderCreated


def measuring(module: str) -> Callable[[Sequence[Event]], None]:
    """Measures events that took effect in a module. The clocks of two machines may differ: no time is below zero."""

    def applied(events: Sequence[Event]) -> None:
        now = datetime.now(UTC)
        for event in events:
            took_s = max(0.0, (now - event.time).total_seconds())
            HANDLED.labels(module, event.source).observe(took_s)
            if module == "delivery" and event.type == OrderCreated.TYPE:
                ORDER_TO_SHIPMENT.observe(took_s)

    return applied
