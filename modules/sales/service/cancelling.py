"""Asking for an order not to leave."""

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from modules.kernel.clock import Clock
from modules.kernel.database import Database, Transaction
from modules.kernel.events import NewEvent
from modules.kernel.idempotency import Answered, Once, Repeatable
from modules.kernel.ids import ClientId, OrderId
from modules.kernel.outbox import Outbox
from modules.sales import repository
from modules.sales.model import CANCELLABLE
from modules.sales.port import NotCancellable, OrderCancelRequested, OrderNotFound, OrderView
from modules.sales.service.views import order_view

ASKED_ALREADY = frozenset({"cancelling", "cancelled"})


class Cancelling:
    """Has delivery decide whether an order can still be stopped."""

    def __init__(
        self, database: Database, outbox: Outbox, clock: Clock, tell: Callable[[Iterable[UUID]], None]
    ) -> None:
        self._once: Once[OrderView] = Once(database, OrderView)
        self._outbox = outbox
        self._clock = clock
        self._tell = tell

    async def cancel(
        self,
        actor: str,
        order_id: OrderId,
        reason: str | None = None,
        client_id: ClientId | None = None,
        request: Repeatable | None = None,
    ) -> Answered[OrderView]:
        """Ask for an order, of `client_id` where one is named, not to leave; asked for already, it stays so.

        Raises:
            OrderNotFound: there is none that this client may see.
            NotCancellable: it has gone too far.
        """

        async def ask(transaction: Transaction) -> OrderView:
            order = (await repository.lock_orders(transaction, [order_id])).get(order_id)
            if order is None or client_id not in {None, order.client_id}:
                raise OrderNotFound(f"There is no order {order_id}.")
            if order.status not in CANCELLABLE | ASKED_ALREADY:
                raise NotCancellable(
                    f"The order is {order.status}: it can't be cancelled any more.", current=order.status
                )
            if order.status in CANCELLABLE:
                await self._ask(transaction, order, actor, reason)
            return order_view((await repository.orders(transaction, [order_id]))[order_id])

        return await self._once(request, ask)

    async def _ask(self, transaction: Transaction, order: Any, actor: str, reason: str | None) -> None:
        now = self._clock.now()
        step = {"from_status": order.status, "to_status": "cancelling", "reason": reason, "actor": actor, "at": now}
        await repository.change(
            transaction,
            [{"id": order.id, "status": "cancelling", "at": now}],
            [{"order_id": order.id, "number": 1, **step}],
        )
        await repository.count_event(transaction, order.id)
        asked = OrderCancelRequested(order.id, order.hold_id, reason, now)
        await self._outbox.record(transaction, [NewEvent(order.id, order.event_sequence + 1, asked)])
        transaction.after_commit(lambda: self._tell([order.id]))
