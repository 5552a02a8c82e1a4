"""Every SQL statement of delivery."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from modules.kernel.database import Transaction, rows_json, sql
from modules.kernel.events import LastTold
from modules.kernel.ids import OrderId, ShipmentId

# Shipments, lines and first steps follow the orders that are really new, in the same statement.
OPEN_SHIPMENTS = sql("""
    WITH new AS (
        INSERT INTO fulfilment (order_id, hold_id, event_sequence)
        SELECT order_id, hold_id, 1 FROM json_to_recordset(CAST(:orders AS json)) AS r(order_id uuid, hold_id uuid)
        ORDER BY order_id ON CONFLICT DO NOTHING RETURNING order_id),
    opened AS (
        INSERT INTO shipment (id, order_id, part, status, version, ship_to, opened_at, updated_at)
        SELECT shipment_id, order_id, 1, 'pending', 1, ship_to, opened_at, opened_at
        FROM json_to_recordset(CAST(:orders AS json))
            AS r(order_id uuid, shipment_id uuid, ship_to json, opened_at timestamptz)
        JOIN new USING (order_id) RETURNING id, opened_at),
    lines AS (
        INSERT INTO shipment_line (shipment_id, sku, quantity)
        SELECT shipment_id, sku, quantity
        FROM json_to_recordset(CAST(:lines AS json)) AS r(shipment_id uuid, sku text, quantity int)
        JOIN opened ON opened.id = r.shipment_id),
    steps AS (
        INSERT INTO shipment_transition (shipment_id, sequence, from_status, to_status, actor, at)
        SELECT id, 1, NULL, 'pending', 'sales', opened_at FROM opened)
    SELECT order_id FROM new
""")

INSERT_SHIPMENTS = sql("""
    INSERT INTO shipment (id, order_id, part, status, version, ship_to, opened_at, updated_at)
    SELECT id, order_id, part, 'pending', 1, ship_to, opened_at, opened_at
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(id uuid, order_id uuid, part int, ship_to json, opened_at timestamptz)
""")

INSERT_LINES = sql("""
    INSERT INTO shipment_line (shipment_id, sku, quantity) SELECT shipment_id, sku, quantity
    FROM json_to_recordset(CAST(:rows AS json)) AS r(shipment_id uuid, sku text, quantity int)
""")

INSERT_TRANSITIONS = sql("""
    INSERT INTO shipment_transition (shipment_id, sequence, from_status, to_status, note, actor, at, key, restock,
        fingerprint)
    SELECT shipment_id, sequence, from_status, to_status, note, actor, at, key, restock, fingerprint
    FROM json_to_recordset(CAST(:rows AS json)) AS r(shipment_id uuid, sequence int, from_status text, to_status text,
        note text, actor text, at timestamptz, key text, restock boolean, fingerprint text)
""")

LOCK_FULFILMENT = sql("""
    SELECT f.order_id, f.hold_id, f.event_sequence FROM fulfilment f
    WHERE f.order_id = (SELECT s.order_id FROM shipment s WHERE s.id = :shipment_id) FOR UPDATE
""")

LOCK_FULFILMENTS = sql("""
    SELECT order_id, hold_id, event_sequence FROM fulfilment WHERE order_id = ANY(:ids) ORDER BY order_id FOR UPDATE
""")

PARTS = sql("""
    SELECT s.id, s.order_id, s.part, s.status,
        (SELECT json_agg(l ORDER BY l.sku) FROM shipment_line l WHERE l.shipment_id = s.id) AS lines,
        (SELECT max(t.sequence) FROM shipment_transition t WHERE t.shipment_id = s.id) AS steps
    FROM shipment s WHERE s.order_id = ANY(:ids) ORDER BY s.order_id, s.part
""")

CANCEL = sql("""
    UPDATE shipment SET status = 'cancelled', version = version + 1, updated_at = :at WHERE id = ANY(:ids)
""")

# What of a parcel stays in it; all else is taken out.
LEAVE = sql("""
    WITH taken AS (
        DELETE FROM shipment_line l WHERE l.shipment_id = :shipment_id AND l.sku NOT IN (
            SELECT sku FROM json_to_recordset(CAST(:rows AS json)) AS r(sku text))),
    left_in AS (
        UPDATE shipment_line l SET quantity = r.quantity
        FROM json_to_recordset(CAST(:rows AS json)) AS r(sku text, quantity int)
        WHERE l.shipment_id = :shipment_id AND l.sku = r.sku)
    UPDATE shipment SET version = version + 1, updated_at = :at WHERE id = :shipment_id
""")

COUNT_EVENTS = sql("UPDATE fulfilment SET event_sequence = event_sequence + :number WHERE order_id = :order_id")

NEXT_EVENT = sql("""
    UPDATE fulfilment SET event_sequence = event_sequence + 1 WHERE order_id = :order_id RETURNING event_sequence
""")

REPORTED = sql("""
    SELECT to_status, restock, fingerprint FROM shipment_transition WHERE shipment_id = :shipment_id AND key = :key
""")

MOVE = sql("""
    UPDATE shipment SET status = :status, version = version + 1, updated_at = :at,
        carrier = coalesce(:carrier, carrier), tracking_code = coalesce(:tracking_code, tracking_code)
    WHERE id = :shipment_id
""")

SHIPMENTS = sql("""
    SELECT s.id, s.order_id, s.part, s.status, s.version, s.carrier, s.tracking_code, s.ship_to, s.opened_at,
        s.updated_at,
        (SELECT json_agg(l ORDER BY l.sku) FROM shipment_line l WHERE l.shipment_id = s.id) AS lines,
        (SELECT json_agg(t ORDER BY t.sequence) FROM shipment_transition t WHERE t.shipment_id = s.id) AS history
    FROM shipment s WHERE s.id = ANY(:ids)
""")

NEWEST = sql("""
    SELECT id FROM shipment
    WHERE (CAST(:order_id AS uuid) IS NULL OR order_id = :order_id)
        AND (CAST(:status AS text) IS NULL OR status = :status) AND (opened_at, id) < (:at, :id)
    ORDER BY opened_at DESC, id DESC LIMIT :limit
""")

FACTS = sql("""
    SELECT s.id, s.order_id, s.part, s.status,
        (SELECT json_object_agg(l.sku, l.quantity) FROM shipment_line l WHERE l.shipment_id = s.id) AS quantities,
        ARRAY(SELECT t.to_status FROM shipment_transition t WHERE t.shipment_id = s.id ORDER BY t.sequence) AS history,
        (SELECT max(t.sequence) FROM shipment_transition t WHERE t.shipment_id = s.id) AS sequence
    FROM shipment s WHERE s.id > :after ORDER BY s.id LIMIT :limit
""")

TRACKED = sql("SELECT id, carrier FROM shipment WHERE tracking_code = :code ORDER BY id LIMIT 100")

HEARD = sql("""
    SELECT u.message_id, u.fingerprint, u.shipment_id, u.outcome, s.status
    FROM carrier_update u JOIN shipment s ON s.id = u.shipment_id
    WHERE u.carrier = :carrier AND u.message_id = :message_id
""")

# Waits for the same message in flight.
HEAR = sql("""
    INSERT INTO carrier_update (carrier, message_id, fingerprint, secret_version, shipment_id, status, at, note,
        tracking_code, restock, outcome, received_at)
    SELECT carrier, message_id, fingerprint, secret_version, shipment_id, status, at, note, tracking_code, restock,
        outcome, received_at
    FROM json_to_recordset(CAST(:rows AS json)) AS r(carrier text, message_id text, fingerprint text,
        secret_version int, shipment_id uuid, status text, at timestamptz, note text, tracking_code text,
        restock boolean, outcome text, received_at timestamptz)
    ON CONFLICT DO NOTHING RETURNING message_id
""")

WAITING_UPDATES = sql("""
    SELECT carrier, message_id, status, at, note, tracking_code, restock FROM carrier_update
    WHERE shipment_id = :shipment_id AND outcome = 'waiting' ORDER BY at, received_at, message_id
""")

DECIDE = sql("UPDATE carrier_update SET outcome = :outcome WHERE carrier = :carrier AND message_id = :message_id")

WAIT_NO_MORE = sql("""
    UPDATE carrier_update SET outcome = 'impossible' WHERE shipment_id = ANY(:ids) AND outcome = 'waiting'
""")

FORGET_UPDATES = sql("""
    WITH old AS MATERIALIZED (
        SELECT carrier, message_id FROM carrier_update WHERE received_at <= now() - CAST(:kept AS interval)
        ORDER BY received_at LIMIT :limit FOR UPDATE SKIP LOCKED)
    DELETE FROM carrier_update WHERE (carrier, message_id) IN (SELECT carrier, message_id FROM old)
""")

CARRIED = sql("""
    SELECT s.id, s.status, s.updated_at, count(*) AS steps, count(*) FILTER (WHERE t.to_status = 'failed') AS failures
    FROM shipment s JOIN shipment_transition t ON t.shipment_id = s.id
    WHERE s.status IN ('packed', 'dispatched', 'in_transit', 'failed')
    GROUP BY s.id ORDER BY s.updated_at, s.id LIMIT :limit
""")

LAST_TOLD = sql("""
    SELECT order_id, event_sequence FROM fulfilment WHERE order_id > :after ORDER BY order_id LIMIT :limit
""")

Rows = Sequence[Mapping[str, Any]]


async def open_shipments(transaction: Transaction, orders: Rows, lines: Rows) -> frozenset[OrderId]:
    """Insert the first shipment of each order that has none, with its lines and its first step; answers those orders."""
    rows = await transaction.fetch(OPEN_SHIPMENTS, orders=rows_json(orders), lines=rows_json(lines))
    return frozenset(row.order_id for row in rows)


async def insert_shipments(transaction: Transaction, shipments: Rows, lines: Rows) -> None:
    """Insert new shipments with what is in them."""
    await transaction.execute(INSERT_SHIPMENTS, rows=rows_json(shipments))
    await transaction.execute(INSERT_LINES, rows=rows_json(lines))


async def insert_transitions(transaction: Transaction, transitions: Rows) -> None:
    """Append to histories.

    Raises:
        ConstraintViolated: `shipment_legal_step`: a step that no shipment may take.
    """
    await transaction.execute(INSERT_TRANSITIONS, rows=rows_json(transitions))


async def lock_fulfilment(transaction: Transaction, shipment_id: ShipmentId) -> Any | None:
    """The row of the order that a shipment belongs to, locked."""
    return next(iter(await transaction.fetch(LOCK_FULFILMENT, shipment_id=shipment_id)), None)


async def lock_fulfilments(transaction: Transaction, order_ids: Sequence[OrderId]) -> dict[OrderId, Any]:
    """The rows of these orders, locked in the order of their ids."""
    return {row.order_id: row for row in await transaction.fetch(LOCK_FULFILMENTS, ids=list(order_ids))}


async def parts(transaction: Transaction, order_ids: Sequence[OrderId]) -> dict[OrderId, list[Any]]:
    """The shipments of these orders, by part. Read in a statement of its own, after their rows were locked."""
    found: dict[OrderId, list[Any]] = {}
    for row in await transaction.fetch(PARTS, ids=list(order_ids)):
        found.setdefault(row.order_id, []).append(row)
    return found


async def cancel(transaction: Transaction, ids: Sequence[ShipmentId], at: datetime) -> None:
    """Cancel shipments."""
    await transaction.execute(CANCEL, ids=list(ids), at=at)


async def leave(transaction: Transaction, shipment_id: ShipmentId, lines: Rows, at: datetime) -> None:
    """Leave these lines in a parcel, and nothing else of what was in it."""
    await transaction.execute(LEAVE, shipment_id=shipment_id, rows=rows_json(lines), at=at)


async def count_events(transaction: Transaction, order_id: OrderId, number: int) -> None:
    """Take the next numbers of the order's events; its row must be locked."""
    await transaction.execute(COUNT_EVENTS, order_id=order_id, number=number)


async def count_event(transaction: Transaction, order_id: OrderId) -> int:
    """Take the next number of the order's events; its row must be locked."""
    (row,) = await transaction.fetch(NEXT_EVENT, order_id=order_id)
    number: int = row.event_sequence
    return number


async def reported(transaction: Transaction, shipment_id: ShipmentId, key: str) -> Any | None:
    """The step that was reported with `key`."""
    return next(iter(await transaction.fetch(REPORTED, shipment_id=shipment_id, key=key)), None)


async def move(transaction: Transaction, shipment_id: ShipmentId, status: str, at: datetime, **known: Any) -> None:
    """Give a shipment its new status, and what is `known` of its carrier."""
    await transaction.execute(MOVE, shipment_id=shipment_id, status=status, at=at, **known)


async def shipments(reading: Transaction, ids: Sequence[ShipmentId]) -> dict[ShipmentId, Any]:
    """Shipments with their lines and histories."""
    return {row.id: row for row in await reading.fetch(SHIPMENTS, ids=list(ids))}


async def newest(
    reading: Transaction, limit: int, place: tuple[datetime, UUID], order_id: OrderId | None, status: str | None
) -> Sequence[ShipmentId]:
    """Ids of shipments from behind `place`, newest first."""
    rows = await reading.fetch(NEWEST, limit=limit, at=place[0], id=place[1], order_id=order_id, status=status)
    return [row.id for row in rows]


async def facts(reading: Transaction, after: UUID, limit: int) -> Sequence[Any]:
    """Shipments by id, as a check across modules needs them."""
    return await reading.fetch(FACTS, after=after, limit=limit)


async def tracked(reading: Transaction, code: str) -> Sequence[Any]:
    """Shipments with this tracking code, and whose each is."""
    return await reading.fetch(TRACKED, code=code)


async def heard(transaction: Transaction, carrier: str, message_id: str) -> Any | None:
    """What a carrier has said in a message, and what it came to."""
    return next(iter(await transaction.fetch(HEARD, carrier=carrier, message_id=message_id)), None)


async def hear(transaction: Transaction, update: Mapping[str, Any]) -> bool:
    """Write down a carrier's message; whether it was new."""
    return bool(await transaction.fetch(HEAR, rows=rows_json([update])))


async def waiting_updates(transaction: Transaction, shipment_id: ShipmentId) -> Sequence[Any]:
    """What came too early about a shipment, in the order in which it happened."""
    return await transaction.fetch(WAITING_UPDATES, shipment_id=shipment_id)


async def decide(transaction: Transaction, carrier: str, message_id: str, outcome: str) -> None:
    """Say what a message that waited came to."""
    await transaction.execute(DECIDE, carrier=carrier, message_id=message_id, outcome=outcome)


async def wait_no_more(transaction: Transaction, ids: Sequence[ShipmentId]) -> None:
    """Say of what waits about these shipments that it can't happen any more."""
    await transaction.execute(WAIT_NO_MORE, ids=list(ids))


async def forget_updates(transaction: Transaction, kept: timedelta, limit: int) -> int:
    """Take away up to `limit` messages that came longer ago; answers how many."""
    return await transaction.execute(FORGET_UPDATES, kept=kept, limit=limit)


async def carried(reading: Transaction, limit: int) -> Sequence[Any]:
    """Shipments in the hands of a carrier, those first of which nothing was heard for longest."""
    return await reading.fetch(CARRIED, limit=limit)


async def last_told(reading: Transaction, after: UUID, limit: int) -> Sequence[LastTold]:
    """Orders by id, with the number of the last event of each one's parcels."""
    rows = await reading.fetch(LAST_TOLD, after=after, limit=limit)
    return [LastTold(row.order_id, row.event_sequence) for row in rows]
