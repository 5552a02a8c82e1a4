"""What tests of parcels have in common: an order that all modules know, what became of it, and the race for its row."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest

from modules.delivery import repository as delivery_repository
from modules.delivery.port import StatusReport
from modules.kernel.events import Event
from modules.kernel.ids import OrderId
from modules.kernel.outbox import Outbox
from modules.sales import repository as sales_repository
from tests.integration.events.whole import Whole
from tests.support.interleaving import until_waiting

REPOSITORIES = {"delivery": delivery_repository, "sales": sales_repository}
HISTORY = """
    SELECT string_agg(to_status, ' ' ORDER BY sequence) AS statuses, array_agg(sequence ORDER BY sequence) AS numbers
    FROM order_transition WHERE order_id = :id
"""


async def history(whole: Whole, order_id: OrderId) -> str:
    """Every status that an order had, without a gap."""
    (row,) = await whole.rows("sales", HISTORY, id=order_id)
    assert row.numbers == list(range(1, len(row.numbers) + 1))
    (order,) = await whole.rows("sales", 'SELECT status FROM "order" WHERE id = :id', id=order_id)
    assert row.statuses.split()[-1] == order.status
    statuses: str = row.statuses
    return statuses


async def stock(whole: Whole) -> tuple[int, int]:
    """On hand and held; movements and holds agree with it."""
    assert await whole.container.catalogue().verify_stock() == []
    ((on_hand, held),) = await whole.rows("product", "SELECT on_hand, held FROM stock")
    return on_hand, held


async def placed(whole: Whole, *reported: str, bolts: int = 2) -> OrderId:
    """An order of two of five bolts, of which all modules know, and of whose parcel these steps are reported."""
    await whole.stock(BOLT=5)
    order_id = await whole.place("k", BOLT=bolts)
    await whole.come_to_rest()
    await whole.report(order_id, *reported)
    return order_id


async def raced(
    whole: Whole,
    first: Callable[[], Awaitable[Any]],
    second: Callable[[], Awaitable[Any]],
    *,
    after: str = "insert_transitions",
    within: str = "delivery",
) -> Any:
    """`first` has run a statement of a module and not committed when `second` comes; what becomes of `second`."""
    database, repository = whole.databases[within], REPOSITORIES[within]
    task: asyncio.Task[Any] | None = None
    statement = getattr(repository, after)

    async def and_wait(transaction: Any, *what: Any) -> Any:
        nonlocal task
        answer = await statement(transaction, *what)
        if task is None:
            task = asyncio.ensure_future(second())
            await until_waiting(database, unless=task)
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(repository, after, and_wait)
        await first()
    assert task is not None
    return (await asyncio.gather(task, return_exceptions=True))[0]


async def handling(whole: Whole) -> Callable[[], Awaitable[Any]]:
    """Delivery handling what sales has recorded."""
    events: Sequence[Event] = await Outbox(whole.databases["sales"]).take(100)
    return lambda: whole.inbox("delivery").handle(events)


async def reporting(
    whole: Whole, order_id: OrderId, status: str = "dispatched", part: int = 1
) -> Callable[[], Awaitable[Any]]:
    """The carrier reporting a step."""
    shipment = await whole.shipment(order_id, part)
    return lambda: whole.container.delivery().report("carrier", shipment, StatusReport(status))
