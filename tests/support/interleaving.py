"""Tools that force an order of events: gates on a call's way, and a database that pauses, fails or forgets."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar
from uuid import UUID

from modules.kernel.database import Database, Transaction, sql
from modules.kernel.errors import NotReached, Unavailable
from modules.kernel.events import LastTold, Progress
from modules.kernel.ids import HoldId
from modules.product.port import Availability, AvailabilityRequest, CatalogueItem, CatalogueRequest, ProductPort
from modules.sales.port import SalesPort, Settlement

_T = TypeVar("_T")

PATIENCE_S = 10.0  # only a test that fails waits so long

WAITING = sql("""
    SELECT count(*) AS sessions FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
""")


class Gate:
    """Stops whoever comes, until it is opened; afterwards nobody."""

    def __init__(self) -> None:
        self._reached = asyncio.Event()
        self._open = asyncio.Event()

    async def passed(self) -> None:
        """Come to the gate, and go on when it is open."""
        self._reached.set()
        await self._open.wait()

    async def reached(self) -> None:
        """Wait until somebody stands at the gate."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await self._reached.wait()
        except TimeoutError:
            raise AssertionError("nobody came to the gate") from None

    def open(self) -> None:
        """Let everybody go on."""
        self._open.set()


class GatedProduct:
    """A product port at the end of a line on which calls wait: on their way there, or with their answer."""

    def __init__(
        self,
        product: ProductPort,
        *,
        before: Gate | None = None,
        after: Gate | None = None,
        before_release: Gate | None = None,
    ) -> None:
        self._product = product
        self._before = before
        self._after = after
        self._before_release = before_release

    async def availability(self, requests: Sequence[AvailabilityRequest]) -> Sequence[Availability]:
        await _through(self._before)
        answers = await self._product.availability(requests)
        await _through(self._after)
        return answers

    async def release(self, hold_ids: Sequence[HoldId]) -> None:
        await _through(self._before_release)
        await self._product.release(hold_ids)

    async def catalogue(self, requests: Sequence[CatalogueRequest]) -> Sequence[tuple[CatalogueItem, ...]]:
        return await self._product.catalogue(requests)

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        return await self._product.progress(source, subjects)


class GatedSales:
    """A sales port whose word on holds waits on its way back."""

    def __init__(self, sales: SalesPort, after: Gate) -> None:
        self._sales = sales
        self._after = after

    async def settle(self, hold_ids: Sequence[HoldId]) -> Sequence[Settlement]:
        words = await self._sales.settle(hold_ids)
        await self._after.passed()
        return words

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        return await self._sales.progress(source, subjects)

    async def last_told(self, after: UUID | None, limit: int) -> Sequence[LastTold]:
        return await self._sales.last_told(after, limit)


class CutOffProduct:
    """A product port on a bad line: the named methods never arrive, or arrive and their answers are lost."""

    def __init__(self, product: ProductPort, *, unreached: str = "", unanswered: str = "") -> None:
        self._product = product
        self._unreached = unreached.split()
        self._unanswered = unanswered.split()

    async def availability(self, requests: Sequence[AvailabilityRequest]) -> Sequence[Availability]:
        return await self._call("availability", self._product.availability(requests))

    async def release(self, hold_ids: Sequence[HoldId]) -> None:
        await self._call("release", self._product.release(hold_ids))

    async def catalogue(self, requests: Sequence[CatalogueRequest]) -> Sequence[tuple[CatalogueItem, ...]]:
        return await self._call("catalogue", self._product.catalogue(requests))

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        return await self._call("progress", self._product.progress(source, subjects))

    async def _call(self, method: str, call: Coroutine[Any, Any, _T]) -> _T:
        if method in self._unreached:
            call.close()
            raise NotReached("product is away")
        answer = await call
        if method in self._unanswered:
            raise Unavailable("product's answer was lost")
        return answer


class UnsteadyDatabase(Database):
    """The same database, with every COMMIT through it delayed at a gate, failing before it, or its answer lost."""

    def __init__(
        self, steady: Database, *, before_commit: Gate | None = None, fails: bool = False, forgets: bool = False
    ) -> None:
        super().__init__(steady.name, steady.pool)
        self._before_commit = before_commit
        self._fails = fails
        self._forgets = forgets

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with super().transaction() as transaction:
            yield transaction
            await _through(self._before_commit)
            if self._fails:
                raise NotReached("the connection broke before COMMIT")
        if self._forgets:
            raise Unavailable("the answer to COMMIT was lost")


class ComesAndGoes(Database):
    """The same database; while it is away nothing reaches it any more, not even what has begun."""

    def __init__(self, steady: Database) -> None:
        super().__init__(steady.name, steady.pool)
        self.away = False

    async def goes(self) -> None:
        """From now on it is away, and whoever is at work with it is told so."""
        self.away = True
        raise NotReached("the database went away")

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        if self.away:
            raise NotReached("the database is away")
        async with super().transaction() as transaction:
            yield transaction


async def until_waiting(database: Database, *, unless: asyncio.Task[Any] | None = None) -> None:
    """Return as soon as a session waits for a lock, or `unless` has ended without having to."""
    try:
        async with asyncio.timeout(PATIENCE_S), database.reading() as reading:
            while not (await reading.fetch(WAITING))[0].sessions:
                if unless is not None and unless.done():
                    return
    except TimeoutError:
        raise AssertionError("nobody waits for a lock, and nobody has ended") from None


async def _through(gate: Gate | None) -> None:
    if gate is not None:
        await gate.passed()
