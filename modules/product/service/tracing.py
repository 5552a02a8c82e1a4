"""What product has to tell of an order's way."""

from typing import Any

from modules.kernel.mailroom import TraceStep


def traced_hold(row: Any) -> TraceStep:
    """Where a hold is by now."""
    about = f"is {row.state}" + (f", to be settled at {row.expires_at:%H:%M:%S}" if row.state == "held" else "")
    return TraceStep(None, "hold", about, {"hold_id": str(row.hold_id), "state": row.state})


def traced_movement(row: Any) -> TraceStep:
    """Stock that was moved for a hold."""
    facts = {"hold_id": str(row.hold_id), "sku": row.sku, "kind": row.kind, "quantity": row.quantity}
    return TraceStep(row.at, "stock", f"{row.kind} {row.quantity} {row.sku}", facts)
