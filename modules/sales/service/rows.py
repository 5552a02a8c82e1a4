"""What a new order is made of: its rows, its first event, and how it is shown."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from modules.kernel.money import Money
from modules.sales.port import EventLine, OrderCreated, OrderLineView, OrderView
from modules.sales.service.attempt import Attempt


class NewOrder:
    """An order about to be stored under the hold that an attempt was given."""

    def __init__(self, attempt: Attempt, now: datetime) -> None:
        if attempt.held is None:
            raise RuntimeError("an order is stored under a hold")
        request = attempt.request
        self.id = attempt.order_id
        self.traceparent = request.traceparent
        self._attempt = attempt
        self._now = now
        self._priced = [
            (line.sku, line.name or "", line.quantity, line.unit_price)
            for line in attempt.held.lines
            if line.unit_price is not None
        ]
        self.currency = self._priced[0][3].currency
        self.total = sum(quantity * price.amount for _, _, quantity, price in self._priced)
        self.row: Mapping[str, Any] = {
            "id": self.id,
            "client_id": request.client_id,
            "idempotency_key": request.key,
            "fingerprint": request.fingerprint,
            "hold_id": attempt.hold_id,
            "currency": self.currency,
            "total": self.total,
            "ship_to": request.ship_to,
            "reference": request.reference,
            "metadata": request.metadata,
            "placed_at": now,
        }

    @property
    def lines(self) -> list[Mapping[str, Any]]:
        """Its line rows."""
        return [
            {
                "order_id": self.id,
                "position": position,
                "sku": sku,
                "name": name,
                "quantity": quantity,
                "unit_price": price.amount,
            }
            for position, (sku, name, quantity, price) in enumerate(self._priced, 1)
        ]

    @property
    def event(self) -> OrderCreated:
        """What the other modules are told."""
        request = self._attempt.request
        return OrderCreated(
            order_id=self.id,
            client_id=request.client_id,
            hold_id=self._attempt.hold_id,
            reference=request.reference,
            currency=self.currency,
            total=self.total,
            lines=tuple(EventLine(sku, name, quantity, price.amount) for sku, name, quantity, price in self._priced),
            ship_to=request.ship_to,
            placed_at=self._now,
        )

    @property
    def view(self) -> OrderView:
        """How the customer sees it."""
        request = self._attempt.request
        return OrderView(
            id=self.id,
            status="placed",
            reference=request.reference,
            lines=tuple(
                OrderLineView(sku, name, quantity, price, Money(quantity * price.amount, price.currency))
                for sku, name, quantity, price in self._priced
            ),
            total=Money(self.total, self.currency),
            ship_to=request.ship_to,
            shipments=(),
            placed_at=self._now,
            updated_at=self._now,
            version=1,
            metadata=request.metadata,
        )
