"""Placing orders: each once, none oversold, many at a time.

The protocol is the one that `docs/adr/0005-a-hold-ends-by-decision.md` describes; the guards are named there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from modules.kernel.clock import Clock
from modules.kernel.database import Database, Transaction
from modules.kernel.errors import Unavailable, WaybillError
from modules.kernel.events import NewEvent, traced
from modules.kernel.ids import HoldId, OrderId
from modules.kernel.outbox import Outbox
from modules.product.port import AvailabilityRequest, ProductPort
from modules.sales import repository
from modules.sales.port import KeyReused
from modules.sales.service import rows
from modules.sales.service.attempt import Attempt, Placed, PlaceOrder
from modules.sales.service.basket import basket
from modules.sales.service.refusals import refused
from modules.sales.service.views import order_view


class Placing:
    """Places orders in batches."""

    def __init__(self, database: Database, outbox: Outbox, product: ProductPort, clock: Clock) -> None:
        self._database = database
        self._outbox = outbox
        self._product = product
        self._clock = clock

    async def place_orders(self, requests: Sequence[PlaceOrder]) -> Sequence[Placed | WaybillError]:
        """Place orders: one outcome per request, in order; one that is refused leaves its neighbours alone.

        `Unavailable` is an outcome too: whether that order is stored is unknown, so repeat it with the same key.
        """
        attempts = [Attempt(one, one.order_id) for one in requests]
        turns: list[dict[OrderId, Attempt]] = []  # the same key twice in a batch: one after the other
        for attempt in attempts:
            turn = next((turn for turn in turns if attempt.order_id not in turn), None)
            if turn is None:
                turns.append(turn := {})
            turn[attempt.order_id] = attempt
        for turn in turns:
            # what is asked for many at once is part of the first one's trace; each order's event is part of its own
            with traced(next(iter(turn.values())).request.traceparent):
                await self._place(list(turn.values()))
        return [_outcome(attempt) for attempt in attempts]

    async def _place(self, attempts: Sequence[Attempt]) -> None:
        with _unanswered(attempts):
            await self._answer_existing(attempt for attempt in attempts if attempt.request.key is not None)
            await self._hold(_open(attempts))
        held = _wanted(attempts)
        void: Sequence[Attempt] = []
        with _unanswered(held):
            void = await self._store(held)
        with _unanswered(void):
            await self._store_anew(void)
        refusals = _open(attempts)
        with _unanswered(refusals):
            await self._answer_existing(refusals)
        for attempt in refusals:
            attempt.outcome = attempt.outcome or attempt.refusal

    async def _answer_existing(self, attempts: Iterable[Attempt]) -> None:
        """Answer the attempts whose order is stored already."""
        asked = {attempt.order_id: attempt for attempt in attempts}
        if not asked:
            return
        async with self._database.reading() as reading:
            found = await repository.orders(reading, list(asked))
        for order_id, row in found.items():
            attempt = asked[order_id]
            same = row.fingerprint == attempt.request.fingerprint
            attempt.outcome = (
                Placed(order_view(row), replayed=True)
                if same
                else KeyReused("This Idempotency-Key has placed another order.", order_id=str(order_id))
            )

    async def _hold(self, attempts: Sequence[Attempt]) -> None:
        """Ask product to hold; then check what only the prices at hold time can tell."""
        if not attempts:
            return
        self._outbox.admit()  # stock that no order could be stored for is not held
        answers = await self._product.availability([_request(attempt) for attempt in attempts])
        unwanted = []
        for attempt, answer in zip(attempts, answers, strict=True):
            attempt.held = answer if answer.hold_id is not None else None
            attempt.refusal = refused(attempt.request, answer)
            if attempt.refusal is not None and attempt.held is not None:
                unwanted.append(attempt.held.hold_id)
        await self._give_back([hold_id for hold_id in unwanted if hold_id is not None])

    async def _give_back(self, hold_ids: Sequence[HoldId]) -> None:
        """Decide against holds, then release them: never the other way round, and none that has an order."""
        if not hold_ids:
            return
        try:
            async with self._database.transaction() as transaction:
                await repository.decide(transaction, dict.fromkeys(hold_ids))
                decided = await repository.decisions(transaction, hold_ids)
        except Unavailable:
            return  # product's sweeper will ask what became of them
        await self._release([hold_id for hold_id in hold_ids if decided[hold_id] is None])

    async def _release(self, void: Sequence[HoldId]) -> None:
        if not void:
            return
        try:
            await self._product.release(void)
        except Unavailable:
            return  # they are decided: product's sweeper gives them back

    async def _store(self, attempts: Sequence[Attempt]) -> Sequence[Attempt]:
        """Store orders under their holds, in one transaction; answers the attempts whose hold is void."""
        if not attempts:
            return []
        by_hold = {attempt.hold_id: attempt for attempt in attempts}
        async with self._database.transaction() as transaction:
            mine = await repository.decide(transaction, {hold_id: one.order_id for hold_id, one in by_hold.items()})
            others = [hold_id for hold_id in by_hold if hold_id not in mine]
            decided = await repository.decisions(transaction, others) if others else {}
            first = [by_hold[hold_id] for hold_id in by_hold if hold_id in mine]
            stored = await self._insert(transaction, first)
        for attempt in first:  # only now: before the answer to COMMIT nobody is told
            if attempt.order_id in stored:
                attempt.outcome = Placed(stored[attempt.order_id].view)
        beaten = _open(first)
        await self._release([attempt.hold_id for attempt in beaten])
        await self._answer_existing([*beaten, *(by_hold[hold_id] for hold_id in others if decided[hold_id])])
        return [by_hold[hold_id] for hold_id in others if decided[hold_id] is None]

    async def _store_anew(self, void: Sequence[Attempt]) -> None:
        """Give void holds back and ask for others, once."""
        if not void:
            return
        await self._product.release([attempt.hold_id for attempt in void])
        await self._hold(void)
        for attempt in await self._store(_wanted(void)):
            attempt.outcome = Unavailable("The stock for this order was given back twice; repeat.")

    async def _insert(self, transaction: Transaction, attempts: Sequence[Attempt]) -> Mapping[OrderId, rows.NewOrder]:
        """Insert orders with their lines, history and events, where they do not exist under another hold."""
        if not attempts:
            return {}
        now = self._clock.now()
        new = {attempt.order_id: rows.NewOrder(attempt, now) for attempt in attempts}
        inserted = await repository.insert_orders(
            transaction,
            [order.row for order in new.values()],
            [line for order in new.values() for line in order.lines],
        )
        beaten = [attempt.hold_id for attempt in attempts if attempt.order_id not in inserted]
        if beaten:
            await repository.void_after_all(transaction, beaten)
        stored = {order_id: order for order_id, order in new.items() if order_id in inserted}
        if stored:
            events = [NewEvent(order.id, 1, order.event, order.traceparent) for order in stored.values()]
            await self._outbox.record(transaction, events)
        return stored


def _request(attempt: Attempt) -> AvailabilityRequest:
    return AvailabilityRequest(basket(attempt.request.lines), attempt.order_id, hold=True)


def _open(attempts: Iterable[Attempt]) -> Sequence[Attempt]:
    return [attempt for attempt in attempts if attempt.outcome is None]


def _wanted(attempts: Iterable[Attempt]) -> Sequence[Attempt]:
    """Those that have what they asked for, and are not stored."""
    return [attempt for attempt in _open(attempts) if attempt.refusal is None]


@contextmanager
def _unanswered(attempts: Sequence[Attempt]) -> Iterator[None]:
    """Where no answer comes, that is the outcome of these attempts, and not of their neighbours."""
    try:
        yield
    except Unavailable as error:
        for attempt in _open(attempts):
            attempt.outcome = error


def _outcome(attempt: Attempt) -> Placed | WaybillError:
    if attempt.outcome is None:
        raise RuntimeError(f"order {attempt.order_id} was neither stored nor refused")
    return attempt.outcome
