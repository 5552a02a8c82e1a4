"""Every SQL statement of product."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from modules.kernel.database import Transaction, rows_json, sql
from modules.kernel.ids import HoldId
from modules.product.model import StockRow, Terms, holds_before

READ_STOCK = sql("""
    SELECT p.sku, p.name, p.unit_price, p.currency, p.active, s.on_hand, s.held, s.shortage
    FROM product p JOIN stock s USING (sku) WHERE p.sku = ANY(:skus)
""")

LOCK_STOCK = sql("""
    SELECT p.sku, p.name, p.unit_price, p.currency, p.active, s.on_hand, s.held, s.shortage
    FROM stock s JOIN product p USING (sku) WHERE s.sku = ANY(:skus) ORDER BY s.sku FOR UPDATE OF s
""")

OPEN_HOLDS = sql("""
    INSERT INTO hold (hold_id, order_id, state, fingerprint, expires_at)
    SELECT hold_id, order_id, 'held', fingerprint, clock_timestamp() + :ttl
    FROM json_to_recordset(CAST(:rows AS json)) AS r(hold_id uuid, order_id uuid, fingerprint text)
    ORDER BY order_id
    ON CONFLICT (order_id) WHERE state <> 'closed' DO NOTHING
    RETURNING hold_id, order_id, expires_at
""")

# A held one gets a fresh expiry; a confirmed one is answered as it is. Rows are locked in the order of their ids.
LOCK_OPEN_HOLDS = sql("""
    WITH open AS (
        SELECT hold_id FROM hold WHERE order_id = ANY(:order_ids) AND state <> 'closed' ORDER BY hold_id FOR UPDATE)
    UPDATE hold h SET expires_at = CASE h.state WHEN 'held' THEN clock_timestamp() + :ttl ELSE h.expires_at END
    FROM open WHERE h.hold_id = open.hold_id
    RETURNING h.hold_id, h.order_id, h.state, h.fingerprint, h.expires_at
""")

HOLD_LINES = sql("""
    SELECT l.hold_id, l.sku, l.quantity, l.shipped, l.released, l.unit_price, l.currency, p.name
    FROM hold_line l JOIN product p USING (sku) WHERE l.hold_id = ANY(:hold_ids) ORDER BY l.hold_id, l.sku
""")

DROP_HOLDS = sql("DELETE FROM hold WHERE hold_id = ANY(:hold_ids)")

HOLD_LINES_NEW = sql("""
    INSERT INTO hold_line (hold_id, sku, quantity, unit_price, currency)
    SELECT hold_id, sku, quantity, unit_price, currency
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(hold_id uuid, sku text, quantity int, unit_price bigint, currency text)
""")

# The movements are the truth: the counters change by exactly those that are new, in one statement. Whatever there is
# beyond what is held makes up for what is missing first, so that nobody buys what is not there.
BOOK = sql("""
    WITH booked AS (
        INSERT INTO stock_movement (key, sku, kind, quantity, on_hand_change, held_change, hold_id, reason, actor)
        SELECT key, sku, kind, quantity, on_hand_change, held_change, hold_id, reason, :actor
        FROM json_to_recordset(CAST(:rows AS json)) AS r(key text, sku text, kind text, quantity bigint,
            on_hand_change bigint, held_change bigint, hold_id uuid, reason text)
        ON CONFLICT (key) DO NOTHING
        RETURNING key, sku, kind, quantity, on_hand_change, held_change),
    counted AS (
        UPDATE stock SET held = held + c.held_change,
            on_hand = on_hand + c.on_hand_change + c.missing
                - least(shortage + c.missing, greatest(0, on_hand + c.free_change + c.missing - held)),
            shortage = shortage + c.missing
                - least(shortage + c.missing, greatest(0, on_hand + c.free_change + c.missing - held))
        FROM (SELECT sku, sum(on_hand_change) AS on_hand_change, sum(held_change) AS held_change,
                sum(on_hand_change - held_change) AS free_change,
                coalesce(sum(quantity) FILTER (WHERE kind = 'shortage'), 0) AS missing
              FROM booked GROUP BY sku) c
        WHERE stock.sku = c.sku)
    SELECT key FROM booked
""")

LOCK_HOLDS = sql("SELECT hold_id, state FROM hold WHERE hold_id = ANY(:hold_ids) ORDER BY hold_id FOR UPDATE")

# Locked in the order of their ids first: an UPDATE alone takes rows in whatever order it finds them.
CONFIRM = sql("""
    WITH held AS (
        SELECT hold_id FROM hold WHERE hold_id = ANY(:hold_ids) AND state = ANY(:before) ORDER BY hold_id FOR UPDATE)
    UPDATE hold h SET state = :state FROM held WHERE h.hold_id = held.hold_id
""")

ACCOUNT_LINES = sql("""
    UPDATE hold_line l SET shipped = l.shipped + r.shipped, released = l.released + r.released
    FROM json_to_recordset(CAST(:rows AS json)) AS r(hold_id uuid, sku text, shipped int, released int)
    WHERE l.hold_id = r.hold_id AND l.sku = r.sku
""")

CLOSE_DONE = sql("""
    UPDATE hold SET state = :state WHERE hold_id = ANY(:hold_ids) AND state = ANY(:before) AND NOT EXISTS (
        SELECT FROM hold_line l WHERE l.hold_id = hold.hold_id AND l.shipped + l.released < l.quantity)
""")

TO_SETTLE = sql("""
    SELECT hold_id FROM hold WHERE state = 'held' AND expires_at <= clock_timestamp() ORDER BY expires_at LIMIT :limit
""")

ADD_PRODUCTS = sql("""
    INSERT INTO product (sku, name, unit_price, currency, active)
    SELECT sku, name, unit_price, currency, active
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(sku text, name text, unit_price bigint, currency text, active boolean)
    ORDER BY sku ON CONFLICT DO NOTHING
    RETURNING sku
""")

# Locked in the order of their SKUs. Whoever opens a stock row for one of them need not wait.
LOCK_PRODUCTS = sql("""
    SELECT sku, name, unit_price, currency, active, version FROM product
    WHERE sku = ANY(:skus) ORDER BY sku FOR NO KEY UPDATE
""")

CHANGE_PRODUCTS = sql("""
    UPDATE product p SET name = r.name, unit_price = r.unit_price, currency = r.currency, active = r.active,
        version = p.version + 1
    FROM json_to_recordset(CAST(:rows AS json))
        AS r(sku text, name text, unit_price bigint, currency text, active boolean)
    WHERE p.sku = r.sku
""")

OPEN_STOCK = sql("""
    INSERT INTO stock (sku, on_hand, held) SELECT sku, 0, 0
    FROM json_to_recordset(CAST(:rows AS json)) AS r(sku text) ORDER BY sku ON CONFLICT DO NOTHING
""")

PRODUCTS = sql("""
    SELECT sku, name, unit_price, currency, active, version FROM product
    WHERE sku ~>~ :after AND sku ~>=~ :prefix AND sku ~<~ (CAST(:prefix AS text) || chr(1114111))
        AND active = coalesce(CAST(:active AS boolean), active)
    ORDER BY sku USING ~<~ LIMIT :limit
""")

PRODUCT = sql("SELECT sku, name, unit_price, currency, active, version FROM product WHERE sku = :sku")

OFFERED = sql("""
    SELECT p.sku, p.name, p.unit_price, p.currency, s.on_hand > s.held AS in_stock
    FROM product p JOIN stock s USING (sku) WHERE p.sku = ANY(:skus) AND p.active
""")

# However many pages are asked for, each is a walk of its own along the index of prefixes, which is in the order of bytes
# whatever the database's collation. No SKU has the character that ends the walk.
OFFERED_PAGES = sql("""
    SELECT r.place, o.sku, o.name, o.unit_price, o.currency, o.in_stock
    FROM json_to_recordset(CAST(:rows AS json)) AS r(place int, prefix text, after text, most int),
        LATERAL (SELECT p.sku, p.name, p.unit_price, p.currency, s.on_hand > s.held AS in_stock
            FROM product p JOIN stock s USING (sku)
            WHERE p.active AND p.sku ~>~ r.after AND p.sku ~>=~ r.prefix AND p.sku ~<~ (r.prefix || chr(1114111))
            ORDER BY p.sku USING ~<~ LIMIT r.most) o
    ORDER BY r.place, o.sku USING ~<~
""")

MOVEMENTS = sql("SELECT key, sku, kind, quantity FROM stock_movement WHERE key = ANY(:keys)")

LATEST_MOVEMENTS = sql("""
    SELECT key, kind, quantity, on_hand_change, held_change, reason, actor, at FROM stock_movement
    WHERE sku = :sku AND (CAST(:kind AS text) IS NULL OR kind = :kind) ORDER BY at DESC, key DESC LIMIT :limit
""")

HOLDS_OF = sql("""
    SELECT hold_id, state, expires_at FROM hold WHERE order_id = :order_id AND state <> 'closed'
    UNION SELECT hold_id, state, expires_at FROM hold WHERE hold_id = :hold_id AND order_id = :order_id
    ORDER BY hold_id
""")

MOVEMENTS_OF = sql("""
    SELECT m.hold_id, m.sku, m.kind, m.quantity, m.actor, m.at FROM stock_movement m
    WHERE m.sku IN (SELECT l.sku FROM hold_line l WHERE l.hold_id = ANY(:hold_ids)) AND m.hold_id = ANY(:hold_ids)
    ORDER BY m.at, m.key
""")

HOLDING_ORDERS = sql("""
    SELECT h.order_id FROM hold_line l JOIN hold h USING (hold_id)
    WHERE l.sku = :sku AND h.state <> 'closed' ORDER BY h.hold_id LIMIT 20
""")

FACTS = sql("""
    SELECT h.hold_id AS id, h.order_id, h.state, h.expires_at,
        coalesce((SELECT json_object_agg(l.sku, l.quantity - l.shipped - l.released) FROM hold_line l
            WHERE l.hold_id = h.hold_id AND l.quantity > l.shipped + l.released), '{}') AS held
    FROM hold h WHERE h.hold_id > :after ORDER BY h.hold_id LIMIT :limit
""")

# The stock rows must be locked: what movements and holds add up to is read in a statement of its own after that.
RECOUNT = sql("""
    WITH moved AS (
        SELECT sku, sum(on_hand_change) AS on_hand, sum(held_change) AS held
        FROM stock_movement WHERE sku = ANY(:skus) GROUP BY sku),
    open AS (
        SELECT l.sku, sum(l.quantity - l.shipped - l.released) AS held
        FROM hold_line l JOIN hold h USING (hold_id) WHERE h.state <> 'closed' AND l.sku = ANY(:skus) GROUP BY l.sku)
    UPDATE stock s SET held = m.held, on_hand = greatest(m.on_hand, m.held), shortage = greatest(0, m.held - m.on_hand)
    FROM moved m LEFT JOIN open o USING (sku)
    WHERE s.sku = m.sku AND m.held = coalesce(o.held, 0) AND m.held >= 0
        AND (s.on_hand - s.shortage, s.held) IS DISTINCT FROM (m.on_hand, m.held)
    RETURNING s.sku, s.on_hand, s.held, s.shortage
""")

STOCK_FAULTS = sql("""
    WITH moved AS (
        SELECT sku, sum(on_hand_change) AS on_hand, sum(held_change) AS held FROM stock_movement GROUP BY sku),
    open AS (
        SELECT l.sku, sum(l.quantity - l.shipped - l.released) AS held
        FROM hold_line l JOIN hold h USING (hold_id) WHERE h.state <> 'closed' GROUP BY l.sku)
    SELECT s.sku, what, counter, derived FROM stock s
        LEFT JOIN moved m USING (sku) LEFT JOIN open o USING (sku),
        LATERAL (VALUES
            ('on_hand and its movements', s.on_hand - s.shortage, coalesce(m.on_hand, 0)),
            ('held and its movements', s.held, coalesce(m.held, 0)),
            ('held and the open holds', s.held, coalesce(o.held, 0))) AS f(what, counter, derived)
    WHERE counter <> derived ORDER BY s.sku
""")


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of stock, that its `key` makes happen once."""

    key: str
    sku: str
    kind: str
    quantity: int
    on_hand_change: int = 0
    held_change: int = 0
    hold_id: UUID | None = None
    reason: str | None = None


async def read_stock(reading: Transaction, skus: Sequence[str]) -> dict[str, StockRow]:
    """Stock and catalogue of the SKUs that exist."""
    return {row.sku: StockRow(*row) for row in await reading.fetch(READ_STOCK, skus=list(skus))}


async def lock_stock(transaction: Transaction, skus: Sequence[str]) -> dict[str, StockRow]:
    """The same, with each stock row locked, in SKU order."""
    return {row.sku: StockRow(*row) for row in await transaction.fetch(LOCK_STOCK, skus=list(skus))}


async def open_holds(transaction: Transaction, rows: Sequence[Mapping[str, Any]], ttl: timedelta) -> Sequence[Any]:
    """Insert hold rows; only those of orders that have no open hold are inserted, and answered."""
    return await transaction.fetch(OPEN_HOLDS, rows=rows_json(rows), ttl=ttl)


async def lock_open_holds(transaction: Transaction, order_ids: Sequence[UUID], ttl: timedelta) -> Sequence[Any]:
    """The open holds of these orders, locked; the held ones live `ttl` longer."""
    return await transaction.fetch(LOCK_OPEN_HOLDS, order_ids=list(order_ids), ttl=ttl)


async def hold_lines(reading: Transaction, hold_ids: Sequence[UUID]) -> Sequence[Any]:
    """The lines of these holds, with the names of their products."""
    return await reading.fetch(HOLD_LINES, hold_ids=list(hold_ids))


async def drop_holds(transaction: Transaction, hold_ids: Sequence[UUID]) -> None:
    """Take back hold rows that this transaction inserted."""
    await transaction.execute(DROP_HOLDS, hold_ids=list(hold_ids))


async def add_hold_lines(transaction: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write what each new hold holds, at today's price."""
    await transaction.execute(HOLD_LINES_NEW, rows=rows_json(rows))


async def book(transaction: Transaction, changes: Sequence[Movement], actor: str) -> frozenset[str]:
    """Book movements and count them; answers the keys of those that were new. The stock rows must be locked.

    Raises:
        ConstraintViolated: `stock_never_oversold`: more would be held than there is.
    """
    rows = await transaction.fetch(BOOK, rows=rows_json(changes), actor=actor)
    return frozenset(row.key for row in rows)


async def lock_holds(transaction: Transaction, hold_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The state of each hold that exists, locked in the order of their ids."""
    return {row.hold_id: row.state for row in await transaction.fetch(LOCK_HOLDS, hold_ids=list(hold_ids))}


async def confirm(transaction: Transaction, hold_ids: Sequence[UUID]) -> None:
    """Make held holds permanent; others stay as they are."""
    await _move_holds(transaction, CONFIRM, hold_ids, "confirmed")


async def account(transaction: Transaction, rows: Sequence[Mapping[str, Any]]) -> None:
    """Count what was shipped and released per line, and close the holds that have nothing left."""
    await transaction.execute(ACCOUNT_LINES, rows=rows_json(rows))
    await _move_holds(transaction, CLOSE_DONE, [row["hold_id"] for row in rows], "closed")


async def _move_holds(transaction: Transaction, statement: Any, hold_ids: Sequence[UUID], state: str) -> None:
    """Have holds come to be `state`, of those that may."""
    await transaction.execute(statement, hold_ids=list(hold_ids), state=state, before=list(holds_before(state)))


async def to_settle(reading: Transaction, limit: int) -> Sequence[HoldId]:
    """Holds that nobody confirmed in time."""
    return [row.hold_id for row in await reading.fetch(TO_SETTLE, limit=limit)]


async def add_products(transaction: Transaction, rows: Mapping[str, Terms]) -> frozenset[str]:
    """Add products by SKU, each with a stock row, where there are none; answers which were added."""
    listed = rows_json(_product_rows(rows))
    added = await transaction.fetch(ADD_PRODUCTS, rows=listed)
    await transaction.execute(OPEN_STOCK, rows=listed)
    return frozenset(row.sku for row in added)


async def lock_products(transaction: Transaction, skus: Sequence[str]) -> dict[str, Any]:
    """The catalogue rows that there are of these SKUs, locked."""
    return {row.sku: row for row in await transaction.fetch(LOCK_PRODUCTS, skus=list(skus))}


async def change_products(transaction: Transaction, rows: Mapping[str, Terms]) -> None:
    """Have products be another version. Their rows must be locked."""
    await transaction.execute(CHANGE_PRODUCTS, rows=rows_json(_product_rows(rows)))


def _product_rows(rows: Mapping[str, Terms]) -> Sequence[Mapping[str, Any]]:
    return [{"sku": sku, **asdict(terms)} for sku, terms in rows.items()]


async def products(reading: Transaction, after: str, prefix: str, limit: int, *, active: bool | None) -> Sequence[Any]:
    """Catalogue rows by SKU."""
    return await reading.fetch(PRODUCTS, after=after, prefix=prefix, limit=limit, active=active)


async def product(reading: Transaction, sku: str) -> Any | None:
    """One catalogue row."""
    return next(iter(await reading.fetch(PRODUCT, sku=sku)), None)


async def offered(reading: Transaction, skus: Sequence[str]) -> dict[str, Any]:
    """What can be bought of these SKUs."""
    return {row.sku: row for row in await reading.fetch(OFFERED, skus=list(skus))}


async def offered_pages(reading: Transaction, pages: Mapping[int, Mapping[str, Any]]) -> dict[int, list[Any]]:
    """What can be bought, page by page: each by the place that it is asked for at."""
    found: dict[int, list[Any]] = {place: [] for place in pages}
    rows = rows_json([{"place": place, **page} for place, page in pages.items()])
    for row in await reading.fetch(OFFERED_PAGES, rows=rows):
        found[row.place].append(row)
    return found


async def movements(reading: Transaction, keys: Sequence[str]) -> dict[str, Any]:
    """What these keys have moved already."""
    return {row.key: row for row in await reading.fetch(MOVEMENTS, keys=list(keys))}


async def latest_movements(reading: Transaction, sku: str, limit: int, kind: str | None) -> Sequence[Any]:
    """What has changed the stock of a SKU, the newest first."""
    return await reading.fetch(LATEST_MOVEMENTS, sku=sku, limit=limit, kind=kind)


async def holding_orders(reading: Transaction, sku: str) -> Sequence[UUID]:
    """Orders that hold some of a SKU, the oldest 20."""
    return [row.order_id for row in await reading.fetch(HOLDING_ORDERS, sku=sku)]


async def recount(transaction: Transaction, skus: Sequence[str]) -> Sequence[Any]:
    """Set counters to what movements add up to, where that is what open holds need too; the rows must be locked."""
    return await transaction.fetch(RECOUNT, skus=list(skus))


async def stock_faults(reading: Transaction) -> Sequence[Any]:
    """Counters that differ from what the rows behind them add up to."""
    return await reading.fetch(STOCK_FAULTS)


async def facts(reading: Transaction, after: UUID, limit: int) -> Sequence[Any]:
    """Holds by id, as a check across modules needs them."""
    return await reading.fetch(FACTS, after=after, limit=limit)


async def holds_of(reading: Transaction, order_id: UUID, hold_id: UUID | None) -> Sequence[Any]:
    """The open hold of an order, and the one named, if it is the order's."""
    return await reading.fetch(HOLDS_OF, order_id=order_id, hold_id=hold_id)


async def movements_of(reading: Transaction, hold_ids: Sequence[UUID]) -> Sequence[Any]:
    """What holds have moved, as it came."""
    return await reading.fetch(MOVEMENTS_OF, hold_ids=list(hold_ids))
