"""Reading orders: one, many, their history, and their life as it happens."""

from collections.abc import AsyncGenerator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from modules.kernel.audit import note_all
from modules.kernel.database import Database
from modules.kernel.idempotency import Answered, Repeatable
from modules.kernel.ids import ClientId, HoldId, OrderId
from modules.kernel.mailroom import Arrivals, Departures, TraceStep
from modules.kernel.outbox import Outbox
from modules.sales import repository
from modules.sales.model import FINAL, steps_to
from modules.sales.port import OrderFact, OrderNotFound, OrderView, TransitionView
from modules.sales.service.cancelling import Cancelling
from modules.sales.service.views import order_view, traced_order, transition_view
from modules.sales.service.watch import Watch

BEGINNING_OF_LIST = (datetime.max.replace(tzinfo=UTC), UUID(int=2**128 - 1))
TICK_S = 0.25
"""How often one who follows an order is asked whether it still may."""


class Orders(Arrivals, Departures):
    """What customers and the operator see of orders, and ask for. Fulfils `SalesOperatorPort`."""

    FOLLOWS = ("delivery",)

    def __init__(self, database: Database, outbox: Outbox, watch: Watch, cancelling: Cancelling) -> None:
        self._database = database
        self._outbox = outbox
        self._watch = watch
        self._cancelling = cancelling

    async def one(self, order_id: OrderId, client_id: ClientId | None = None) -> OrderView:
        """An order, of `client_id` where one is named.

        Raises:
            OrderNotFound: there is none that this client may see.
        """
        async with self._database.reading() as reading:
            row = (await repository.orders(reading, [order_id])).get(order_id)
        if row is None or client_id not in {None, row.client_id}:
            raise OrderNotFound(f"There is no order {order_id}.")
        return order_view(row)

    async def newest(
        self, limit: int, place: tuple[datetime, UUID] | None, **filters: Any
    ) -> tuple[Sequence[OrderView], tuple[datetime, UUID] | None]:
        """Orders from behind `place`, newest first, and the place behind which there may be more."""
        async with self._database.reading() as reading:
            ids, behind = await repository.newest(reading, limit, place or BEGINNING_OF_LIST, filters)
            rows = await repository.orders(reading, ids)
        return [order_view(rows[order_id]) for order_id in ids], behind

    async def history(self, order_id: OrderId, client_id: ClientId | None = None) -> Sequence[TransitionView]:
        """Every step that an order took.

        Raises:
            OrderNotFound: there is none that this client may see.
        """
        await self._seen_by(order_id, client_id)
        async with self._database.reading() as reading:
            return [transition_view(row) for row in await repository.history(reading, order_id)]

    async def follow(
        self, order_id: OrderId, client_id: ClientId, after: int
    ) -> AsyncGenerator[Sequence[TransitionView]]:
        """An order's steps from behind number `after`, as they are taken, until its last; empty when nothing is new.

        Raises:
            OrderNotFound: there is none that this client may see.
            TooMany, Overloaded: as many are followed as may be, by this client or in this process.
        """
        await self._seen_by(order_id, client_id)
        self._watch.admit(client_id)
        return self._steps(order_id, client_id, after)

    async def _steps(
        self, order_id: OrderId, client_id: ClientId, after: int
    ) -> AsyncGenerator[Sequence[TransitionView]]:
        with self._watch.following(client_id, order_id, after) as follower:
            while True:
                async with self._database.reading() as reading:
                    status = await repository.status(reading, order_id)  # first, so that no step comes after it
                    steps = [transition_view(row) for row in await repository.history(reading, order_id, follower.seen)]
                follower.seen = steps[-1].sequence if steps else follower.seen
                yield steps
                if status in FINAL:
                    return
                while not await follower.news(TICK_S):
                    yield ()

    async def orders(
        self, status: str | None = None, limit: int = 50, after: tuple[datetime, UUID] | None = None
    ) -> Sequence[OrderView]:
        """Orders of all clients, newest first, from behind `after`."""
        return (await self.newest(limit, after, status=status))[0]

    async def order(self, order_id: OrderId) -> tuple[OrderView, Sequence[TransitionView]]:
        """One order with its history.

        Raises:
            OrderNotFound: there is none of that id.
        """
        return await self.one(order_id), await self.history(order_id)

    async def cancel(self, actor: str, order_id: OrderId, reason: str | None = None) -> OrderView:
        """Ask for an order not to leave. Raises as `Cancelling.cancel`."""
        return (await self._cancelling.cancel(actor, order_id, reason)).answer

    async def cancel_own(
        self, client_id: ClientId, order_id: OrderId, reason: str | None, request: Repeatable | None
    ) -> Answered[OrderView]:
        """Ask for an own order not to leave, once per key. Raises as `Cancelling.cancel`."""
        return await self._cancelling.cancel(client_id, order_id, reason, client_id, request)

    async def tell_again(self, actor: str, order_ids: Sequence[OrderId]) -> int:
        """Publish all events of these orders once more, as far as they are kept; answers how many."""
        async with self._database.transaction() as transaction:
            await note_all(transaction, actor, [("tell_again", str(order_id), {}) for order_id in order_ids])
            return await self._outbox.tell_again(transaction, order_ids)

    async def facts(self, after: OrderId | None, limit: int) -> Sequence[OrderFact]:
        """Orders by id from behind `after`, as a check across modules needs them."""
        async with self._database.reading() as reading:
            rows = await repository.facts(reading, after or UUID(int=0), limit)
        return [
            OrderFact(
                row.id,
                row.client_id,
                row.status,
                row.hold_id,
                row.quantities,
                tuple(row.history),
                row.sequence,
                row.placed_at,
                row.parcels,
                steps_to(row.status, tuple(row.parcels.values())) if row.parcels else (),
                row.decided,
            )
            for row in rows
        ]

    async def trace(self, order_id: OrderId, hold_id: HoldId | None = None) -> Sequence[TraceStep]:
        """What happened to an order here: its steps, what is told of it, and what was heard."""
        del hold_id  # the order knows it
        async with self._database.reading() as reading:
            row = (await repository.orders(reading, [order_id])).get(order_id)
            steps = await repository.history(reading, order_id)
        return [*traced_order(row, steps), *await self.told(order_id), *await self.heard(order_id)]

    async def _seen_by(self, order_id: OrderId, client_id: ClientId | None) -> None:
        async with self._database.reading() as reading:
            owner = await repository.owner(reading, order_id)
        if owner is None or client_id not in {None, owner}:
            raise OrderNotFound(f"There is no order {order_id}.")
