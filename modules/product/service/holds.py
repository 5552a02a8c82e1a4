"""Availability and holds: what sales asks, many baskets at a time."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from modules.kernel.database import Database, Transaction
from modules.kernel.errors import Contended
from modules.kernel.events import Progress
from modules.kernel.ids import HoldId, new_id
from modules.kernel.inbox import Inbox
from modules.kernel.money import Money
from modules.product import repository
from modules.product.model import StockRow, demand, fingerprint, left, refusal
from modules.product.port import (
    Availability,
    AvailabilityRequest,
    CatalogueItem,
    CatalogueRequest,
    LineAvailability,
)
from modules.product.repository import Movement
from modules.product.service.offering import offered

PASSES = 3


class ProductService:
    """Fulfils `ProductPort`: it is the adapter of the process that hosts product."""

    def __init__(self, database: Database, inbox: Inbox, *, hold_ttl: timedelta) -> None:
        self._database = database
        self._inbox = inbox
        self._hold_ttl = hold_ttl

    async def availability(self, requests: Sequence[AvailabilityRequest]) -> Sequence[Availability]:
        """Check baskets, and hold those that ask for it: one answer per request, in order.

        Raises:
            Contended: other attempts at the same orders came in between again and again; repeat.
        """
        answers: dict[int, Availability] = {}
        asked = [(place, request) for place, request in enumerate(requests) if not request.hold]
        if asked:
            answers |= await self._look(asked)
        open_ = [(place, request) for place, request in enumerate(requests) if request.hold]
        for _ in range(PASSES):
            if not open_:
                break
            async with self._database.transaction() as transaction:
                answers |= await self._hold(transaction, open_)
            open_ = [(place, request) for place, request in open_ if place not in answers]
        if open_:
            raise Contended("Other attempts at the same orders were in the way; repeat.")
        return [answers[place] for place in range(len(requests))]

    async def release(self, hold_ids: Sequence[HoldId]) -> None:
        """Give back holds that were decided void; those no longer held stay as they are."""
        async with self._database.transaction() as transaction:
            states = await repository.lock_holds(transaction, hold_ids)
            held = [hold_id for hold_id, state in states.items() if state == "held"]
            if held:
                await self._give_back(transaction, held)

    async def catalogue(self, requests: Sequence[CatalogueRequest]) -> Sequence[tuple[CatalogueItem, ...]]:
        """What can be bought, by SKU: one answer per request, in order."""
        async with self._database.reading() as reading:
            return await offered(reading, requests)

    async def confirm(self, transaction: Transaction, hold_ids: Sequence[HoldId]) -> None:
        """Make holds permanent: their orders are stored. A closed hold stays closed."""
        await repository.confirm(transaction, hold_ids)

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far product is with the events of `source` about `subjects`."""
        return await self._inbox.progress(source, subjects)

    async def _look(self, asked: Sequence[tuple[int, AvailabilityRequest]]) -> dict[int, Availability]:
        wanted = {place: demand(request.lines) for place, request in asked}
        async with self._database.reading() as reading:
            stock = await repository.read_stock(reading, sorted({sku for lines in wanted.values() for sku in lines}))
        return {
            place: Availability(refusal(lines, stock, {}) is None, _lines(lines, stock, {}))
            for place, lines in wanted.items()
        }

    async def _hold(
        self, transaction: Transaction, asked: Sequence[tuple[int, AvailabilityRequest]]
    ) -> dict[int, Availability]:
        """One batch of holds; a request that met a hold just being closed gets no answer yet."""
        baskets = {place: demand(request.lines) for place, request in asked}
        first: dict[UUID, int] = {}  # doubles within the batch wait for the answer to the first
        for place, request in asked:
            if request.order_id is None:
                raise ValueError("a hold is for an order")
            first.setdefault(request.order_id, place)
        rows = [
            {"hold_id": new_id(), "order_id": order_id, "fingerprint": fingerprint(baskets[place])}
            for order_id, place in first.items()
        ]
        opened = {row.order_id: row for row in await repository.open_holds(transaction, rows, self._hold_ttl)}
        standing = {place: request for place, request in asked if _order(request) not in opened}
        doubles = {place: one for place, one in asked if _order(one) in opened and first[_order(one)] != place}
        answers = await self._answer_again(transaction, standing, baskets)  # locks holds, so before any stock is locked
        new = {first[order_id]: (row.hold_id, row.expires_at) for order_id, row in opened.items()}
        answers |= await self._decide(transaction, dict(sorted(new.items())), baskets)
        return answers | await self._answer_again(transaction, doubles, baskets)

    async def _decide(
        self,
        transaction: Transaction,
        new: Mapping[int, tuple[UUID, datetime]],
        baskets: Mapping[int, Mapping[str, int]],
    ) -> dict[int, Availability]:
        """Give stock to new holds in the order they came: all lines of one, or none."""
        if not new:
            return {}
        stock = await repository.lock_stock(transaction, sorted({sku for place in new for sku in baskets[place]}))
        taken: dict[str, int] = {}
        answers, refused, movements, lines = {}, [], [], []
        for place, (hold_id, expires_at) in new.items():
            wanted = baskets[place]
            reason = refusal(wanted, stock, taken)
            shown = _lines(wanted, stock, taken)
            if reason is not None:
                refused.append(hold_id)
                answers[place] = Availability(available=False, lines=shown, refusal=reason)
                continue
            answers[place] = Availability(
                available=True, lines=shown, hold_id=HoldId(hold_id), hold_expires_at=expires_at
            )
            for sku, quantity in wanted.items():
                taken[sku] = taken.get(sku, 0) + quantity
                movements.append(
                    Movement(f"hold:{hold_id}:{sku}", sku, "hold", quantity, held_change=quantity, hold_id=hold_id)
                )
                lines.append(_hold_line(hold_id, stock[sku], quantity))
        if refused:
            await repository.drop_holds(transaction, refused)
        if movements:
            await repository.book(transaction, movements, "sales")
            await repository.add_hold_lines(transaction, lines)
        return answers

    async def _answer_again(
        self,
        transaction: Transaction,
        asked: Mapping[int, AvailabilityRequest],
        baskets: Mapping[int, Mapping[str, int]],
    ) -> dict[int, Availability]:
        """The open hold of each order, where it holds the same lines."""
        if not asked:
            return {}
        orders = sorted({_order(request) for request in asked.values()})
        standing = {row.order_id: row for row in await repository.lock_open_holds(transaction, orders, self._hold_ttl)}
        lines: dict[UUID, list[Any]] = {}
        for row in await repository.hold_lines(transaction, [row.hold_id for row in standing.values()]):
            lines.setdefault(row.hold_id, []).append(row)
        answers = {}
        for place, request in asked.items():
            hold = standing.get(_order(request))
            if hold is None:
                continue
            if hold.fingerprint != fingerprint(baskets[place]):
                answers[place] = Availability(available=False, lines=(), refusal="product.hold_mismatch")
                continue
            held = {row.sku: row for row in lines[hold.hold_id]}
            answers[place] = Availability(
                available=True,
                lines=tuple(_held_line(held[sku]) for sku in baskets[place]),
                hold_id=hold.hold_id,
                hold_expires_at=hold.expires_at,
            )
        return answers

    async def _give_back(self, transaction: Transaction, hold_ids: Sequence[UUID]) -> None:
        lines = await repository.hold_lines(transaction, hold_ids)
        await repository.lock_stock(transaction, sorted({row.sku for row in lines}))
        rest = [(row, row.quantity - row.shipped - row.released) for row in lines]
        movements = [
            Movement(f"release:{row.hold_id}:{row.sku}", row.sku, "release", n, held_change=-n, hold_id=row.hold_id)
            for row, n in rest
        ]
        await repository.book(transaction, movements, "sales")
        await repository.account(
            transaction, [{"hold_id": row.hold_id, "sku": row.sku, "shipped": 0, "released": n} for row, n in rest]
        )


def _order(request: AvailabilityRequest) -> UUID:
    if request.order_id is None:
        raise ValueError("a hold is for an order")
    return request.order_id


def _lines(
    wanted: Mapping[str, int], stock: Mapping[str, StockRow], taken: Mapping[str, int]
) -> tuple[LineAvailability, ...]:
    return tuple(_line(sku, quantity, stock.get(sku), taken) for sku, quantity in wanted.items())


def _line(sku: str, quantity: int, row: StockRow | None, taken: Mapping[str, int]) -> LineAvailability:
    if row is None or not row.active:
        return LineAvailability(sku, quantity, 0, None, None)
    return LineAvailability(sku, quantity, left(row, taken), row.name, Money(row.unit_price, row.currency))


def _held_line(row: Any) -> LineAvailability:
    return LineAvailability(row.sku, row.quantity, row.quantity, row.name, Money(row.unit_price, row.currency))


def _hold_line(hold_id: UUID, row: StockRow, quantity: int) -> dict[str, Any]:
    return {
        "hold_id": hold_id,
        "sku": row.sku,
        "quantity": quantity,
        "unit_price": row.unit_price,
        "currency": row.currency,
    }
