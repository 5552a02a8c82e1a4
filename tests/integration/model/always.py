"""What is true of all four modules after every step, whatever has been handled and whatever has not."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from modules.delivery.model import STEPS as SHIPMENT_STEPS
from modules.sales.model import STEPS as ORDER_STEPS
from tests.integration.events.whole import EMITTERS, MANY, Whole

STOCK = "SELECT sku, on_hand, held FROM stock"
ORDERS = """
    SELECT o.id, o.client_id, o.idempotency_key AS key, o.status,
        (SELECT json_agg(json_build_array(t.sequence, t.from_status, t.to_status) ORDER BY t.sequence)
            FROM order_transition t WHERE t.order_id = o.id) AS steps,
        (SELECT json_object_agg(l.sku, l.quantity) FROM order_line l WHERE l.order_id = o.id) AS lines
    FROM "order" o
"""
SHIPMENTS = """
    SELECT s.id, s.order_id, s.part, s.status,
        (SELECT json_agg(json_build_array(t.sequence, t.from_status, t.to_status) ORDER BY t.sequence)
            FROM shipment_transition t WHERE t.shipment_id = s.id) AS steps,
        (SELECT json_object_agg(l.sku, l.quantity) FROM shipment_line l WHERE l.shipment_id = s.id) AS lines
    FROM shipment s
"""


HEARD = """
    SELECT u.message_id, u.outcome, s.status, t.key IS NOT NULL AS is_step
    FROM carrier_update u JOIN shipment s ON s.id = u.shipment_id
    LEFT JOIN shipment_transition t ON t.shipment_id = u.shipment_id AND t.key = u.carrier || ':' || u.message_id
"""


LAST = "SELECT subject, max(sequence) AS number FROM outbox GROUP BY subject"


async def never(whole: Whole) -> list[str]:
    """A sentence for each thing that must never be."""
    orders, shipments = await whole.rows("sales", ORDERS), await whole.rows("delivery", SHIPMENTS)
    found = [*_oversold(await whole.rows("product", STOCK)), *_doubled(orders), *_shipped(orders, shipments)]
    found += [fault for one in orders for fault in _history("order", one, ORDER_STEPS)]
    found += [fault for one in shipments for fault in _history("shipment", one, SHIPMENT_STEPS)]
    found += _heard(await whole.rows("delivery", HEARD))
    found += [fault for module in EMITTERS for fault in await _told(whole, module)]
    miscounted = await whole.container.catalogue().verify_stock()
    return [*found, *(f"miscounted: {one.sku} {one.what} {one.counter}, not {one.derived}" for one in miscounted)]


async def _told(whole: Whole, module: str) -> list[str]:
    """Who begins to follow a module is told of each order which event was the last."""
    service = getattr(whole.container, module)()
    told = {one.subject: one.sequence for one in await service.last_told(None, MANY)}
    last = {row.subject: row.number for row in await whole.rows(module, LAST)}
    return [f"{module} tells that {told} was last, and it was {last}"] if told != last else []


def _oversold(stock: Any) -> Iterator[str]:
    for row in stock:
        if not 0 <= row.held <= row.on_hand:
            yield f"oversold: {row.held} {row.sku} held of {row.on_hand}"


def _doubled(orders: Any) -> Iterator[str]:
    keys = Counter((row.client_id, row.key) for row in orders)
    yield from (f"two orders for one key: {key}" for key, number in keys.items() if number > 1)


def _shipped(orders: Any, shipments: Any) -> Iterator[str]:
    """No part twice, and all parts of an order together are what was ordered."""
    parts = Counter((row.order_id, row.part) for row in shipments)
    yield from (f"two shipments for one part: {part}" for part, number in parts.items() if number > 1)
    ordered = {row.id: Counter(row.lines) for row in orders}
    for order_id in {row.order_id for row in shipments}:
        packed = sum((Counter(row.lines) for row in shipments if row.order_id == order_id), Counter[str]())
        if packed != ordered.get(order_id):
            yield f"order {order_id} is shipped as {dict(packed)}, and was {dict(ordered.get(order_id, {}))}"


def _heard(updates: Any) -> Iterator[str]:
    """A carrier's word is a step where it is said to be one, and waits only for what can still come."""
    for row in updates:
        if (row.outcome == "applied") != row.is_step:
            yield f"message {row.message_id} is {row.outcome}, and {'is' if row.is_step else 'is not'} a step"
        if row.outcome == "waiting" and not SHIPMENT_STEPS[row.status]:
            yield f"message {row.message_id} waits for a shipment that is {row.status}"


def _history(what: str, row: Any, steps: Any) -> Iterator[str]:
    numbers = [number for number, _, _ in row.steps]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"{what} {row.id} has a gap in its history: {numbers}"
    for (_, _, here), (_, before, there) in zip(row.steps, row.steps[1:], strict=False):
        if before != here or there not in steps[here]:
            yield f"{what} {row.id} went from {here} to {there}"
    if row.steps[-1][2] != row.status:
        yield f"{what} {row.id} is {row.status} and its history ends in {row.steps[-1][2]}"
