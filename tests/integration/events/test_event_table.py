"""Every event, every subscriber, every way it can go: where the cursor is then, and whether the event is settled."""

import pytest

from modules.kernel.ids import OrderId
from modules.kernel.inbox import MAX_ATTEMPTS
from tests.integration.events.event_table import CANCELLED_BY, OUTCOMES, SPLIT, Row, expected, rows
from tests.integration.events.whole import Whole

KNOWN = {
    "sales": """
        SELECT status, coalesce(
            (SELECT string_agg(s.status, '+' ORDER BY part) FROM order_shipment s WHERE s.order_id = o.id), '-')
        FROM "order" o
    """,
    "delivery": "SELECT status FROM shipment",
    "product": "SELECT h.state, s.on_hand || '/' || s.held FROM hold h, stock s",
}
HAPPENS = [row for row in rows() if row.cell != "never"]
NEVER = [row for row in rows() if row.cell == "never"]


def test_the_table_has_a_row_for_every_event_that_is_declared_each_of_its_subscribers_and_each_outcome() -> None:
    assert {(row.event, row.subscriber, row.outcome) for row in rows()} == {
        (event, subscriber, outcome) for event, subscriber in expected() for outcome in OUTCOMES
    }


@pytest.mark.parametrize("row", HAPPENS, ids=str)
async def test_an_event_leaves_cursor_and_settlement_as_the_table_says(whole: Whole, row: Row) -> None:
    order_id = await recorded(whole, row)
    assert await known(whole, row.subscriber) == row.before
    await GOES[row.outcome](whole, row, order_id)
    await as_the_table_says(whole, row, order_id)
    assert await known(whole, row.subscriber) == (row.after if row.settled else row.before)
    if row.outcome in {"waiting", "parked"}:
        await mended(whole, row)
        assert (await whole.cursor(row.subscriber, row.emitter, order_id), await whole.parked(row.subscriber)) == (
            row.sequence,
            {},
        )
        assert await known(whole, row.subscriber) == row.after
        assert (await whole.outgoing(row.emitter))[row.sequence] == "settled"


@pytest.mark.parametrize("row", NEVER, ids=str)
async def test_what_the_table_says_never_happens_has_nothing_to_happen_by(whole: Whole, row: Row) -> None:
    reasons = {
        "handled": row.before == row.after,
        "waiting": row.sequence == 1,
        "parked": row.type not in whole.inbox(row.subscriber)._handlers,
        "dead": row.type not in whole.inbox(row.subscriber)._handlers,
    }
    assert reasons[row.outcome]


@pytest.mark.parametrize(("module", "source"), [("sales", "sales"), ("delivery", "delivery")])
async def test_a_module_hears_nothing_of_a_source_that_it_did_not_subscribe_to(
    whole: Whole, module: str, source: str
) -> None:
    order_id = await recorded(whole, HAPPENS[-1])
    await whole.come_to_rest()
    assert await whole.cursor(module, source, order_id) is None


async def recorded(whole: Whole, row: Row) -> OrderId:
    """An order about which all is quiet, but for this event: it is recorded and not published yet."""
    await whole.stock(BOLT=5)
    order_id = await whole.place("k", BOLT=2)
    if row.kind in CANCELLED_BY:
        await whole.come_to_rest()
        await cancelled(whole, row, order_id)
    elif row.kind == "shipment.opened":
        await whole.relay("sales")
        await whole.deliver()
        await whole.relay("sales")
    elif row.kind == SPLIT:
        await whole.come_to_rest()
        await whole.split(order_id, BOLT=1)
    elif row.way:
        await whole.come_to_rest()
        await whole.report(order_id, *row.way[:-1])
        await whole.come_to_rest()
        await whole.report(order_id, row.way[-1])
    return order_id


async def cancelled(whole: Whole, row: Row, order_id: OrderId) -> None:
    """An order is cancelled, until the event of the row is recorded."""
    if row.kind == "shipment.cancel_refused":
        await whole.report(order_id, "packed")
        await whole.come_to_rest()
    await whole.cancel(order_id)
    if row.kind == "shipment.cancel_refused":
        await whole.report(order_id, "dispatched")
        await rounds(whole, "delivery")
    if row.kind != "order.cancel_requested":
        await rounds(whole, "sales")


async def rounds(whole: Whole, emitter: str) -> None:
    """What an emitter has recorded is published, handled and asked about; what follows from it is not."""
    await whole.relay(emitter)
    await whole.deliver()
    await whole.relay(emitter)


async def rest(whole: Whole, row: Row) -> None:
    """The event, and what follows from it unless that would hide what the event itself did."""
    if row.kind == "order.cancel_requested":
        await rounds(whole, "sales")
    else:
        await whole.come_to_rest()


async def known(whole: Whole, module: str) -> str:
    """What the module knows of the one order."""
    return ",".join(str(value) for row in await whole.rows(module, KNOWN[module]) for value in row) or "-"


async def comes(whole: Whole, row: Row, _order_id: OrderId) -> None:
    await rest(whole, row)


async def comes_to_no_effect(whole: Whole, row: Row, order_id: OrderId) -> None:
    await rest(whole, row)
    if row.before != row.after:
        await whole.set_back(row.subscriber, row.emitter, order_id, row.sequence - 1)
        await whole.publish_again(row.emitter, row.sequence)
        await rest(whole, row)


async def comes_too_early(whole: Whole, row: Row, order_id: OrderId) -> None:
    await whole.set_back(row.subscriber, row.emitter, order_id, row.sequence - 2)
    await rest(whole, row)


async def fails_once(whole: Whole, row: Row, _order_id: OrderId) -> None:
    whole.break_handler(row.subscriber, row.type)
    await rest(whole, row)


async def fails_always(whole: Whole, row: Row, order_id: OrderId) -> None:
    await fails_once(whole, row, order_id)
    for _ in range(MAX_ATTEMPTS):
        await whole.try_again(row.subscriber)
    await whole.do(row.emitter, "UPDATE outbox SET published_at = published_at - interval '1 h'")
    await rest(whole, row)
    states = await whole.rows(row.emitter, "SELECT publications FROM outbox ORDER BY id DESC LIMIT 1")
    assert states[0].publications == 1, "a dead letter was published again"


GOES = {
    "handled": comes,
    "ignored": comes_to_no_effect,
    "waiting": comes_too_early,
    "parked": fails_once,
    "dead": fails_always,
}


async def as_the_table_says(whole: Whole, row: Row, order_id: OrderId) -> None:
    """Cursor, what is parked, the subscriber's own word on both, and the emitter's row."""
    cursor = await whole.cursor(row.subscriber, row.emitter, order_id)
    assert (cursor, await whole.parked(row.subscriber)) == (row.cursor, row.parked)
    progress = await whole.progress(row.subscriber, row.emitter, order_id)
    assert progress.handled == {order_id: row.cursor}
    assert progress.parked == ({order_id: frozenset(row.parked)} if row.parked else {})
    assert progress.at_end
    assert (await whole.outgoing(row.emitter))[row.sequence] == ("settled" if row.settled else "published")


async def mended(whole: Whole, row: Row) -> None:
    """What was missing comes, and what was broken is whole."""
    whole.mend(row.subscriber)
    if row.outcome == "waiting":
        await whole.publish_again(row.emitter, row.sequence - 1)
    await whole.try_again(row.subscriber)
    await rest(whole, row)
