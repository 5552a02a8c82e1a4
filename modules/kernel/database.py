"""One module's database: transactions that say clearly whether they took effect."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

import orjson
from sqlalchemy import Executable, TextClause, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from modules.kernel.errors import Contended, NotReached, Overloaded, Unavailable

__all__ = ["ConstraintViolated", "Database", "Transaction", "in_transaction", "rows_json", "sql"]

CONTENTION = {"40001", "40P01", "55P03"}

_open: ContextVar[str | None] = ContextVar("open_transaction", default=None)


class ConstraintViolated(Exception):
    """The database itself refused a row. `constraint` is the constraint's name, or the SQLSTATE."""

    def __init__(self, constraint: str) -> None:
        self.constraint = constraint
        super().__init__(constraint)


def sql(statement: str) -> TextClause:
    """A statement written out, with `:names` for its values."""
    return text(statement)


def rows_json(rows: Sequence[Any]) -> str:
    """Many rows as one JSON value, for `json_to_recordset`: one parameter, however large the batch."""
    return orjson.dumps(rows).decode()


def in_transaction() -> str | None:
    """The module whose transaction is open in this task, if any."""
    return _open.get()


class Transaction:
    """What is done in it happens together or not at all."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self._after_commit: dict[Callable[[], None], None] = {}

    async def fetch(self, statement: Executable, /, **values: Any) -> Sequence[Any]:
        """The rows that `statement` gives.

        Raises:
            ConstraintViolated: a constraint refused a row.
            NotReached: the database is away or gave up; nothing of this transaction happened.
        """
        try:
            return (await self._connection.execute(statement, values)).fetchall()
        except DBAPIError as error:
            raise _translated(error) from error

    async def execute(self, statement: Executable, /, **values: Any) -> int:
        """Run `statement` for its effect; answers how many rows it touched. Raises as `fetch`."""
        try:
            return (await self._connection.execute(statement, values)).rowcount
        except DBAPIError as error:
            raise _translated(error) from error

    def after_commit(self, action: Callable[[], None]) -> None:
        """Have `action` called once, however often it is asked for, when this transaction has committed."""
        self._after_commit[action] = None

    def committed(self) -> None:
        """Run what waited for the commit."""
        for action in self._after_commit:
            action()


class Database:
    """The database of the module `name`."""

    def __init__(self, name: str, engine: AsyncEngine) -> None:
        self.name = name
        self.engine = engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Everything inside commits when the block ends, or none of it does.

        Raises:
            NotReached: there is no database to be had; nothing happened.
            Unavailable: the answer to COMMIT was lost; it may have happened. It is never called a failure.
        """
        connection = await self._connect(self.engine)
        token = _open.set(self.name)
        try:
            transaction = Transaction(connection)
            yield transaction
            await _unbroken(_commit(connection))
        finally:
            _open.reset(token)
            await _unbroken(_give_back(connection))
        transaction.committed()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Single statements, each seeing the newest committed state, without the cost of a transaction."""
        connection = await self._connect(self.engine.execution_options(isolation_level="AUTOCOMMIT"))
        try:
            yield Transaction(connection)
        finally:
            await _unbroken(_give_back(connection))

    async def _connect(self, engine: AsyncEngine) -> AsyncConnection:
        try:
            return await engine.connect()
        except PoolTimeout as error:
            raise Overloaded(f"All connections to the {self.name} database are busy.", retry_after_s=1) from error
        except DBAPIError as error:
            raise NotReached(f"The {self.name} database gives no answer.") from error

    async def close(self) -> None:
        """Give all connections back."""
        await self.engine.dispose()


async def _commit(connection: AsyncConnection) -> None:
    try:
        await connection.commit()
    except DBAPIError as error:
        translated = _translated(error)
        if isinstance(translated, NotReached) and not isinstance(translated, Contended):
            raise Unavailable("The answer to COMMIT was lost; the write may have happened.") from error
        raise translated from error


async def _give_back(connection: AsyncConnection) -> None:
    try:
        await connection.close()
    except DBAPIError:
        await connection.invalidate()


async def _unbroken(work: Any) -> None:
    """Finish `work` even if the task is cancelled meanwhile: a cancelled COMMIT would leave nobody knowing."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _translated(error: DBAPIError) -> Exception:
    """What a driver's error means to us. Source: PostgreSQL's table of error codes (appendix A)."""
    state: str | None = getattr(error.orig, "sqlstate", None)
    if state in CONTENTION:
        return Contended("Another transaction was in the way; repeat.")
    if state is not None and state.startswith("23"):
        diagnosis = getattr(error.orig, "diag", None)
        return ConstraintViolated(getattr(diagnosis, "constraint_name", None) or state)
    if state is None or state.startswith(("08", "53", "57", "25P03")):
        return NotReached("The database gives no answer.")
    return error
