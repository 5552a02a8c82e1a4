"""`SalesPort` and `SalesOperatorPort` over HTTP."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from modules.kernel import rpc
from modules.kernel.events import LastTold, Progress
from modules.kernel.ids import HoldId, OrderId
from modules.kernel.mailroom import InboxCrossings, OutboxCrossings, RemoteInboxOperator, RemoteOutboxOperator
from modules.kernel.principal import Verifier
from modules.sales.port import OrderFact, OrderView, SalesOperatorPort, SalesPort, Settlement, TransitionView
from modules.web.internal import Served, operated, served

SETTLE = rpc.crossing(SalesPort.settle, "/internal/sales/settle", each="hold_ids")
PROGRESS = rpc.crossing(SalesPort.progress, "/internal/sales/progress")
LAST_TOLD = rpc.crossing(SalesPort.last_told, "/internal/sales/last_told")
ORDERS = rpc.crossing(SalesOperatorPort.orders, "/internal/sales/operator/orders")
ORDER = rpc.crossing(SalesOperatorPort.order, "/internal/sales/operator/order")
CANCEL = rpc.crossing(SalesOperatorPort.cancel, "/internal/sales/operator/cancel")
TELL_AGAIN = rpc.crossing(SalesOperatorPort.tell_again, "/internal/sales/operator/tell_again")
FACTS = rpc.crossing(SalesOperatorPort.facts, "/internal/sales/operator/facts")
INBOX, OUTBOX = InboxCrossings("sales"), OutboxCrossings("sales")
METHODS: tuple[rpc.Crossing[..., Any], ...] = (
    SETTLE,
    PROGRESS,
    LAST_TOLD,
    ORDERS,
    ORDER,
    CANCEL,
    TELL_AGAIN,
    FACTS,
    *INBOX.methods,
    *OUTBOX.methods,
)


def routes(sales: SalesPort, verifier: Verifier) -> APIRouter:
    """What other processes call of the sales that is hosted here."""
    answers: Served = {SETTLE: sales.settle, PROGRESS: sales.progress, LAST_TOLD: sales.last_told}
    return served("sales", verifier, answers, METHODS)


def operator_routes(sales: SalesOperatorPort, verifier: Verifier) -> APIRouter:
    """What the operator calls of the sales that is hosted here."""
    return operated(
        verifier,
        {
            ORDERS: sales.orders,
            ORDER: sales.order,
            CANCEL: sales.cancel,
            TELL_AGAIN: sales.tell_again,
            FACTS: sales.facts,
            **INBOX.served_by(sales),
            **OUTBOX.served_by(sales),
        },
    )


class RemoteSales:
    """Fulfils `SalesPort` where sales lives in another process."""

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def settle(self, hold_ids: Sequence[HoldId]) -> Sequence[Settlement]:
        """Decide for each hold whether it became an order."""
        return await self._channel.call(SETTLE, hold_ids)

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far sales is with the events of `source` about `subjects`."""
        return await self._channel.call(PROGRESS, source, subjects)

    async def last_told(self, after: UUID | None, limit: int) -> Sequence[LastTold]:
        """Every order with the number of its last event, by id from behind `after`."""
        return await self._channel.call(LAST_TOLD, after, limit)


class RemoteSalesOperator(RemoteInboxOperator, RemoteOutboxOperator):
    """Fulfils `SalesOperatorPort` where sales lives in another process."""

    INBOX, OUTBOX = INBOX, OUTBOX

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def orders(
        self, status: str | None = None, limit: int = 50, after: tuple[datetime, UUID] | None = None
    ) -> Sequence[OrderView]:
        """Orders of all clients, newest first, from behind `after`."""
        return await self._channel.call(ORDERS, status, limit, after)

    async def order(self, order_id: OrderId) -> tuple[OrderView, Sequence[TransitionView]]:
        """One order with its history."""
        return await self._channel.call(ORDER, order_id)

    async def cancel(self, actor: str, order_id: OrderId, reason: str | None = None) -> OrderView:
        """Ask delivery to let nothing of an order leave."""
        return await self._channel.call(CANCEL, actor, order_id, reason)

    async def tell_again(self, actor: str, order_ids: Sequence[OrderId]) -> int:
        """Publish all events of these orders once more."""
        return await self._channel.call(TELL_AGAIN, actor, order_ids)

    async def facts(self, after: OrderId | None, limit: int) -> Sequence[OrderFact]:
        """Orders by id from behind `after`."""
        return await self._channel.call(FACTS, after, limit)
