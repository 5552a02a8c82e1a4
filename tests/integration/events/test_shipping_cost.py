"""What the way from an order to its shipment costs: statements are counted, and do not grow with the batch."""

import pytest

from modules.delivery import repository as delivery
from modules.kernel import inbox, outbox
from modules.sales import repository as sales
from tests.integration.events.whole import Whole
from tests.support.statements import traffic


@pytest.mark.parametrize("orders", [1, 20])
async def test_a_batch_of_orders_is_opened_and_followed_in_so_many_statements(whole: Whole, orders: int) -> None:
    await whole.stock(BOLT=100)
    for number in range(orders):
        await whole.place(f"k{number}", BOLT=1)
    created = await outbox.Outbox(whole.databases["sales"]).take(100)
    with traffic(whole.databases["delivery"], delivery, inbox, outbox) as to_delivery:
        await whole.container.delivery_inbox().handle(created)
    opened = await outbox.Outbox(whole.databases["delivery"]).take(100)
    with traffic(whole.databases["sales"], sales, inbox, outbox) as to_sales:
        await whole.container.sales_inbox().handle(opened)
    assert (len(created), len(opened)) == (orders, orders)
    assert to_delivery.statements == ["LOCK_CURSORS", "OPEN_SHIPMENTS", "RECORD"]
    assert to_sales.statements == ["LOCK_CURSORS", "LOCK_ORDERS", "UPSERT_SHIPMENTS", "CHANGE"]
    assert (to_delivery.commits, to_sales.commits) == (1, 1)


async def test_a_second_event_of_a_subject_reads_its_cursor_and_moves_it(whole: Whole) -> None:
    await whole.stock(BOLT=100)
    order_id = await whole.place("k", BOLT=1)
    await whole.come_to_rest()
    await whole.report(order_id, "packed")
    packed = await outbox.Outbox(whole.databases["delivery"]).take(100)
    with traffic(whole.databases["sales"], sales, inbox, outbox) as to_sales:
        await whole.container.sales_inbox().handle(packed)
    changes = ["LOCK_ORDERS", "UPSERT_SHIPMENTS", "CHANGE"]
    assert to_sales.statements == ["LOCK_CURSORS", "READ_CURSORS", *changes, "MOVE_CURSORS"]
