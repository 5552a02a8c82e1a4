"""What must be true of sales and product together, after whatever happened."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tests.support.shop import Shop

HOLDS = """
    SELECT h.hold_id, h.order_id, h.state, l.sku, coalesce(l.quantity, 0) AS quantity, coalesce(l.shipped, 0) AS shipped,
        coalesce(l.released, 0) AS released
    FROM hold h LEFT JOIN hold_line l USING (hold_id) ORDER BY h.hold_id, l.sku
"""
ORDERS = """
    SELECT o.id, o.client_id, o.idempotency_key, o.fingerprint, o.hold_id,
        (SELECT json_object_agg(sku, quantity) FROM order_line WHERE order_id = o.id) AS quantities,
        (SELECT count(*) FROM order_transition t WHERE t.order_id = o.id) AS steps,
        (SELECT array_agg(b.data ->> 'hold_id') FROM outbox b WHERE b.subject = o.id) AS told
    FROM "order" o ORDER BY o.id
"""


@dataclass
class Hold:
    order_id: UUID
    state: str
    quantities: dict[str, int]
    left: int = 0
    released: int = 0


@dataclass(frozen=True)
class Picture:
    """Everything that is stored, at rest."""

    stock: Mapping[str, tuple[int, int]]
    miscounted: list[Any]
    holds: Mapping[UUID, Hold]
    orders: Mapping[UUID, Any]
    decisions: Mapping[UUID, UUID | None]
    parked: int


async def check(shop: Shop) -> None:
    """Look; then have what is due settled, and look whether all that is held is held for an order.

    Raises:
        AssertionError: naming each promise that does not hold.
    """
    picture = await _picture(shop)
    found = [*_faults(picture), *_unkept(shop, picture)]
    if not found:
        await shop.sweep()
        picture = await _picture(shop)
        found = [*_faults(picture), *_unkept(shop, picture), *_not_at_rest(picture)]
    if found:
        raise AssertionError("; ".join(found))


async def _picture(shop: Shop) -> Picture:
    holds: dict[UUID, Hold] = {}
    for row in await shop.rows(shop.product_database, HOLDS):
        hold = holds.setdefault(row.hold_id, Hold(row.order_id, row.state, {}))
        if row.sku is not None:
            hold.quantities[row.sku] = row.quantity
        hold.left += row.quantity - row.shipped - row.released
        hold.released += row.released
    stock = await shop.rows(shop.product_database, "SELECT sku, on_hand, held FROM stock")
    return Picture(
        stock={row.sku: (row.on_hand, row.held) for row in stock},
        miscounted=list(await shop.catalogue.verify_stock()),
        holds=holds,
        orders={row.id: row for row in await shop.rows(shop.sales_database, ORDERS)},
        decisions=await shop.decisions(),
        parked=len(await shop.rows(shop.product_database, "SELECT sequence FROM inbox_parked")),
    )


def _faults(seen: Picture) -> Iterator[str]:
    yield from _of_stock(seen)
    yield from _of_orders(seen)
    yield from _of_holds(seen)


def _of_stock(seen: Picture) -> Iterator[str]:
    for sku, (on_hand, held) in seen.stock.items():
        if not 0 <= held <= on_hand:
            yield f"oversold: {held} {sku} held of {on_hand} on hand"
    for fault in seen.miscounted:
        yield f"miscounted: {fault.sku} {fault.what}: {fault.counter}, not {fault.derived}"
    if seen.parked:
        yield "an event found no use: product has parked it"


def _of_orders(seen: Picture) -> Iterator[str]:
    keys = Counter((row.client_id, row.idempotency_key) for row in seen.orders.values() if row.idempotency_key)
    yield from (f"two orders for one key: {key}" for key, orders in keys.items() if orders > 1)
    for row in seen.orders.values():
        hold = seen.holds.get(row.hold_id)
        if hold is None or hold.quantities != row.quantities:
            yield "an order was stored with other lines than were held for it"
        elif hold.released or (hold.state == "closed" and hold.left):
            yield "an order was stored without stock: its hold was given back"
        if seen.decisions.get(row.hold_id) != row.id:
            yield "an order was stored under a hold that was decided otherwise"
        if (row.steps, row.told) != (1, [str(row.hold_id)]):
            yield "an order has not exactly one first step and one event that names its hold"


def _of_holds(seen: Picture) -> Iterator[str]:
    for hold_id, order_id in seen.decisions.items():
        if order_id is not None and (order_id not in seen.orders or seen.orders[order_id].hold_id != hold_id):
            yield "a hold is decided for an order that is not stored under it"
    open_: dict[UUID, int] = defaultdict(int)
    for hold in seen.holds.values():
        if hold.state == "closed":
            continue
        open_[hold.order_id] += 1
        if not hold.left:
            yield "an open hold holds nothing"
    yield from ("an order has two open holds" for number in open_.values() if number > 1)


def _unkept(shop: Shop, seen: Picture) -> Iterator[str]:
    for order_id, fingerprint in shop.acknowledged.items():
        if order_id not in seen.orders or seen.orders[order_id].fingerprint != fingerprint:
            yield "an order was acknowledged and is not stored as asked"


def _not_at_rest(seen: Picture) -> Iterator[str]:
    for hold_id, hold in seen.holds.items():
        order = seen.orders.get(hold.order_id)
        if hold.state != "closed" and (order is None or order.hold_id != hold_id):
            yield "stock stays held for no order"
        if hold.state == "held":
            yield "a hold stays unsettled"
