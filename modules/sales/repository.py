"""Every SQL statement of sales."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from modules.kernel.database import Transaction, rows_json, sql
from modules.kernel.events import LastTold
from modules.kernel.ids import ClientId, HoldId, OrderId

DECIDE = sql("""
    INSERT INTO hold_decision (hold_id, order_id)
    SELECT hold_id, order_id FROM json_to_recordset(CAST(:rows AS json)) AS r(hold_id uuid, order_id uuid)
    ORDER BY hold_id ON CONFLICT DO NOTHING RETURNING hold_id
""")

DECISIONS = sql("SELECT hold_id, order_id FROM hold_decision WHERE hold_id = ANY(:hold_ids)")

DECIDE_VOID_AFTER_ALL = sql("UPDATE hold_decision SET order_id = NULL WHERE hold_id = ANY(:hold_ids)")

# Lines and first steps follow the orders that are really new, in the same statement.
INSERT_ORDERS = sql("""
    WITH new AS (
        INSERT INTO "order" (id, client_id, idempotency_key, fingerprint, hold_id, status, currency, total, ship_to,
            reference, metadata, version, event_sequence, placed_at, updated_at)
        SELECT id, client_id, idempotency_key, fingerprint, hold_id, 'placed', currency, total, ship_to, reference,
            metadata, 1, 1, placed_at, placed_at
        FROM json_to_recordset(CAST(:orders AS json)) AS r(id uuid, client_id text, idempotency_key text,
            fingerprint text, hold_id uuid, currency text, total bigint, ship_to json, reference text, metadata json,
            placed_at timestamptz)
        ORDER BY id ON CONFLICT (id) DO NOTHING RETURNING id, client_id, placed_at),
    lines AS (
        INSERT INTO order_line (order_id, position, sku, name, quantity, unit_price)
        SELECT order_id, position, sku, name, quantity, unit_price
        FROM json_to_recordset(CAST(:lines AS json))
            AS r(order_id uuid, position int, sku text, name text, quantity int, unit_price bigint)
        JOIN new ON new.id = r.order_id),
    steps AS (
        INSERT INTO order_transition (order_id, sequence, from_status, to_status, actor, at)
        SELECT id, 1, NULL, 'placed', client_id, placed_at FROM new)
    SELECT id FROM new
""")

ORDERS = sql("""
    SELECT o.id, o.client_id, o.fingerprint, o.hold_id, o.status, o.currency, o.total, o.ship_to, o.reference,
        o.metadata, o.version, o.placed_at, o.updated_at,
        (SELECT json_agg(l ORDER BY l.position) FROM order_line l WHERE l.order_id = o.id) AS lines,
        (SELECT json_agg(s ORDER BY s.part) FROM order_shipment s WHERE s.order_id = o.id) AS shipments
    FROM "order" o WHERE o.id = ANY(:ids)
""")

# Bounds are always there, so that a plan that is made once reads no order beyond them; and however rare a status is, no
# more than `scan` orders are read: the last of them is where the next page goes on.
_NEWEST = """
    WITH looked AS MATERIALIZED (
        SELECT id, placed_at, status FROM "order" WHERE {whose}
            AND placed_at > :after AND (placed_at, id) < (:at, :id)
        ORDER BY placed_at DESC, id DESC LIMIT :scan)
    (SELECT id, placed_at, true AS wanted FROM looked WHERE CAST(:status AS text) IS NULL OR status = :status
        ORDER BY placed_at DESC, id DESC LIMIT :limit)
    UNION ALL
    (SELECT id, placed_at, false FROM looked WHERE (SELECT count(*) FROM looked) = :scan
        ORDER BY placed_at, id LIMIT 1)
"""
NEWEST_OF_CLIENT = sql(_NEWEST.format(whose="client_id = :client_id"))
NEWEST_OF_REFERENCE = sql(_NEWEST.format(whose="client_id = :client_id AND reference = :reference"))

NEWEST = sql("""
    SELECT id, placed_at, true AS wanted FROM "order" WHERE (CAST(:status AS text) IS NULL OR status = :status) AND (placed_at, id) < (:at, :id)
    ORDER BY placed_at DESC, id DESC LIMIT :limit
""")

HISTORY = sql("""
    SELECT sequence, from_status, to_status, reason, actor, at FROM order_transition
    WHERE order_id = :order_id AND sequence > :after ORDER BY sequence
""")

STATUS = sql('SELECT status FROM "order" WHERE id = :order_id')

OWNER = sql('SELECT client_id FROM "order" WHERE id = :order_id')

LOCK_ORDERS = sql("""
    SELECT id, client_id, hold_id, status, version, event_sequence FROM "order" WHERE id = ANY(:ids)
    ORDER BY id FOR UPDATE
""")

LAST_STEPS = sql("""
    SELECT order_id, max(sequence) AS sequence FROM order_transition WHERE order_id = ANY(:ids) GROUP BY order_id
""")

BEFORE_CANCELLING = sql("""
    SELECT DISTINCT ON (order_id) order_id, from_status FROM order_transition
    WHERE order_id = ANY(:ids) AND to_status = 'cancelling' ORDER BY order_id, sequence DESC
""")

COUNT_EVENT = sql('UPDATE "order" SET event_sequence = event_sequence + 1 WHERE id = :order_id')

# One statement does not see in a table what it writes there: what is told, and the rest as it was.
UPSERT_SHIPMENTS = sql("""
    WITH told AS (
        INSERT INTO order_shipment AS s (order_id, part, shipment_id, status, carrier, tracking_code, lines)
        SELECT order_id, part, shipment_id, status, carrier, tracking_code, lines
        FROM json_to_recordset(CAST(:rows AS json)) AS r(order_id uuid, part int, shipment_id uuid, status text,
            carrier text, tracking_code text, lines json)
        ON CONFLICT (order_id, part) DO UPDATE SET status = excluded.status, lines = excluded.lines,
            carrier = coalesce(excluded.carrier, s.carrier),
            tracking_code = coalesce(excluded.tracking_code, s.tracking_code)
        RETURNING order_id, part, status),
    parts AS (
        SELECT order_id, status FROM told
        UNION ALL
        SELECT s.order_id, s.status FROM order_shipment s JOIN (SELECT DISTINCT order_id FROM told) o USING (order_id)
        WHERE (s.order_id, s.part) NOT IN (SELECT order_id, part FROM told))
    SELECT order_id, array_agg(status) AS statuses FROM parts GROUP BY order_id
""")

PARTS = sql("""
    SELECT order_id, array_agg(status) AS statuses FROM order_shipment WHERE order_id = ANY(:ids) GROUP BY order_id
""")

# Steps are numbered from the last one on: a statement of its own, after the orders were locked, sees which that is.
CHANGE = sql("""
    WITH changed AS (
        UPDATE "order" o SET status = coalesce(r.status, o.status), version = o.version + 1, updated_at = r.at
        FROM json_to_recordset(CAST(:orders AS json)) AS r(id uuid, status text, at timestamptz) WHERE o.id = r.id)
    INSERT INTO order_transition (order_id, sequence, from_status, to_status, reason, actor, at)
    SELECT order_id, number + (SELECT max(t.sequence) FROM order_transition t WHERE t.order_id = r.order_id),
        from_status, to_status, reason, actor, at
    FROM json_to_recordset(CAST(:steps AS json))
        AS r(order_id uuid, number int, from_status text, to_status text, reason text, actor text, at timestamptz)
""")

FACTS = sql("""
    SELECT o.id, o.client_id, o.status, o.hold_id, o.placed_at,
        (SELECT json_object_agg(l.sku, l.quantity) FROM order_line l WHERE l.order_id = o.id) AS quantities,
        ARRAY(SELECT t.to_status FROM order_transition t WHERE t.order_id = o.id ORDER BY t.sequence) AS history,
        (SELECT max(t.sequence) FROM order_transition t WHERE t.order_id = o.id) AS sequence,
        coalesce((SELECT json_object_agg(s.part, s.status) FROM order_shipment s WHERE s.order_id = o.id), '{}')
            AS parcels,
        EXISTS (SELECT FROM hold_decision d WHERE d.hold_id = o.hold_id AND d.order_id = o.id) AS decided
    FROM "order" o WHERE o.id > :after ORDER BY o.id LIMIT :limit
""")

LAST_TOLD = sql('SELECT id, event_sequence FROM "order" WHERE id > :after ORDER BY id LIMIT :limit')

Rows = Sequence[Mapping[str, Any]]
Place = tuple[datetime, UUID]
"""A place in a list that is ordered by instant and id."""

SCAN = 5000
"""How many orders are read for a page, however few have the status that is asked for."""
BEGINNING_OF_TIME = datetime.min.replace(tzinfo=UTC)


async def decide(transaction: Transaction, decisions: Mapping[HoldId, OrderId | None]) -> frozenset[HoldId]:
    """Write what each hold becomes, where nobody has; waits for others in flight. Answers those written now."""
    rows = [{"hold_id": hold_id, "order_id": order_id} for hold_id, order_id in decisions.items()]
    return frozenset(row.hold_id for row in await transaction.fetch(DECIDE, rows=rows_json(rows)))


async def decisions(transaction: Transaction, hold_ids: Sequence[HoldId]) -> dict[HoldId, OrderId | None]:
    """What holds became. A statement of its own, so that it sees what the one before waited for."""
    return {row.hold_id: row.order_id for row in await transaction.fetch(DECISIONS, hold_ids=list(hold_ids))}


async def void_after_all(transaction: Transaction, hold_ids: Sequence[HoldId]) -> None:
    """Turn decisions that this transaction wrote into void: the orders exist under other holds."""
    await transaction.execute(DECIDE_VOID_AFTER_ALL, hold_ids=list(hold_ids))


async def insert_orders(transaction: Transaction, orders: Rows, lines: Rows) -> frozenset[OrderId]:
    """Insert orders that do not exist yet, with their lines and their first step; answers their ids."""
    rows = await transaction.fetch(INSERT_ORDERS, orders=rows_json(orders), lines=rows_json(lines))
    return frozenset(row.id for row in rows)


async def orders(reading: Transaction, ids: Sequence[OrderId]) -> dict[OrderId, Any]:
    """Orders with their lines and shipments."""
    return {row.id: row for row in await reading.fetch(ORDERS, ids=list(ids))}


async def newest(
    reading: Transaction, limit: int, place: Place, filters: Mapping[str, Any]
) -> tuple[Sequence[OrderId], Place | None]:
    """Ids of orders from behind `place`, newest first, of one client where the filters name one; and the place behind them.

    There may be fewer than `limit`, or none, and more behind that place: where few have the status that is asked for.
    """
    wanted = {name: value for name, value in filters.items() if value is not None}
    at, id_ = min(place, (wanted.pop("before"), UUID(int=0))) if "before" in wanted else place
    asked = {"status": None, "limit": limit + 1, "at": at, "id": id_}
    if "client_id" in wanted:
        statement = NEWEST_OF_REFERENCE if "reference" in wanted else NEWEST_OF_CLIENT
        asked |= {"after": BEGINNING_OF_TIME, "scan": SCAN if "status" in wanted else limit + 1}
    else:
        statement = NEWEST
    rows = await reading.fetch(statement, **asked | wanted)
    found = [row for row in rows if row.wanted]
    last = [row for row in rows if not row.wanted]
    behind = found[limit - 1 : limit] if len(found) > limit else last if "status" in wanted else []
    return [row.id for row in found[:limit]], next(((row.placed_at, row.id) for row in behind), None)


async def history(reading: Transaction, order_id: OrderId, after: int = 0) -> Sequence[Any]:
    """An order's transitions behind number `after`."""
    return await reading.fetch(HISTORY, order_id=order_id, after=after)


async def status(reading: Transaction, order_id: OrderId) -> str | None:
    """An order's status."""
    rows = await reading.fetch(STATUS, order_id=order_id)
    return rows[0].status if rows else None


async def owner(reading: Transaction, order_id: OrderId) -> ClientId | None:
    """Whose order it is."""
    rows = await reading.fetch(OWNER, order_id=order_id)
    return rows[0].client_id if rows else None


async def lock_orders(transaction: Transaction, ids: Sequence[UUID]) -> dict[UUID, Any]:
    """Whose each order that exists is, and where it is, locked in the order of their ids."""
    return {row.id: row for row in await transaction.fetch(LOCK_ORDERS, ids=list(ids))}


async def last_steps(transaction: Transaction, ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many transitions each order has."""
    return {row.order_id: row.sequence for row in await transaction.fetch(LAST_STEPS, ids=list(ids))}


async def before_cancelling(transaction: Transaction, ids: Sequence[UUID]) -> dict[UUID, str]:
    """What each order was when it was last asked to be cancelled."""
    return {row.order_id: row.from_status for row in await transaction.fetch(BEFORE_CANCELLING, ids=list(ids))}


async def count_event(transaction: Transaction, order_id: OrderId) -> None:
    """Take the next number of an order's events; its row must be locked."""
    await transaction.execute(COUNT_EVENT, order_id=order_id)


async def upsert_shipments(transaction: Transaction, shipments: Rows) -> dict[UUID, Sequence[str]]:
    """Remember how far each parcel is, and what is in it; answers the statuses of all parcels of their orders."""
    rows = await transaction.fetch(UPSERT_SHIPMENTS, rows=rows_json(shipments))
    return {row.order_id: row.statuses for row in rows}


async def parts(transaction: Transaction, ids: Sequence[UUID]) -> dict[UUID, Sequence[str]]:
    """The statuses of each order's parcels."""
    return {row.order_id: row.statuses for row in await transaction.fetch(PARTS, ids=list(ids))}


async def change(transaction: Transaction, orders: Rows, steps: Rows) -> None:
    """Give orders a new version, and a new status where there is one, and append the steps that lead to it.

    The orders must be locked; the `number` of a step counts from 1 on per order.

    Raises:
        ConstraintViolated: `order_legal_step`: a step that no order may take.
    """
    await transaction.execute(CHANGE, orders=rows_json(orders), steps=rows_json(steps))


async def facts(reading: Transaction, after: UUID, limit: int) -> Sequence[Any]:
    """Orders by id, as a check across modules needs them."""
    return await reading.fetch(FACTS, after=after, limit=limit)


async def last_told(reading: Transaction, after: UUID, limit: int) -> Sequence[LastTold]:
    """Orders by id, with the number of the last event of each."""
    return [LastTold(row.id, row.event_sequence) for row in await reading.fetch(LAST_TOLD, after=after, limit=limit)]
