"""One module's database: transactions that say clearly whether they took effect. The driver is `app/database.py`."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple, Protocol

import orjson

from modules.kernel.errors import Contended, NotReached, Unavailable

__all__ = [
    "Connection",
    "ConstraintViolated",
    "Database",
    "Pool",
    "Result",
    "Statement",
    "Transaction",
    "in_transaction",
    "rows_json",
    "sql",
]

_open: ContextVar[str | None] = ContextVar("open_transaction", default=None)


class ConstraintViolated(Exception):
    """The database itself refused a row. `constraint` is the constraint's name, or the SQLSTATE."""

    def __init__(self, constraint: str) -> None:
        self.constraint = constraint
        super().__init__(constraint)


class Statement(str):
    """A statement with `:names` for its values."""

    __slots__ = ()


def sql(statement: str) -> Statement:
    """A statement written out, with `:names` for its values."""
    return Statement(statement)


def rows_json(rows: Sequence[Any]) -> str:
    """Many rows as one JSON value, for `json_to_recordset`: one parameter, however large the batch."""
    return orjson.dumps(rows).decode()


def in_transaction() -> str | None:
    """The module whose transaction is open in this task, if any."""
    return _open.get()


class Result(NamedTuple):
    """What a statement gave: its rows, members by name, and how many rows it gave or touched."""

    rows: Sequence[Any]
    touched: int


class Connection(Protocol):
    """A connection outside any transaction; each statement is one, until `BEGIN`."""

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> Result:
        """Run one statement.

        Raises:
            ConstraintViolated: a constraint refused a row.
            Contended: rolled back, because it got in another transaction's way.
            NotReached: the database is away or gave up on it.
        """
        ...


class Pool(Protocol):
    """Connections to one database."""

    async def take(self) -> Connection:
        """A connection; waits for one for a bounded time.

        Raises:
            Overloaded: all of them stayed busy.
            NotReached: the database gives none.
        """
        ...

    async def give_back(self, connection: Connection) -> None:
        """Let others use the connection; what it has not committed is undone."""
        ...

    async def close(self) -> None:
        """Close all connections."""
        ...


class Transaction:
    """What is done in it happens together or not at all."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._after_commit: dict[Callable[[], None], None] = {}

    async def fetch(self, statement: Statement, /, **values: Any) -> Sequence[Any]:
        """The rows that `statement` gives. Raises as `Connection.run`."""
        return (await self._connection.run(statement, values)).rows

    async def execute(self, statement: Statement, /, **values: Any) -> int:
        """Run `statement` for its effect; answers how many rows it touched. Raises as `Connection.run`."""
        return (await self._connection.run(statement, values)).touched

    def after_commit(self, action: Callable[[], None]) -> None:
        """Have `action` called once, however often it is asked for, when this transaction has committed."""
        self._after_commit[action] = None

    def committed(self) -> None:
        """Run what waited for the commit."""
        for action in self._after_commit:
            action()


DEAD_CONNECTIONS = 8
BEGIN, COMMIT = sql("BEGIN"), sql("COMMIT")


class Database:
    """The database of the module `name`."""

    def __init__(self, name: str, pool: Pool) -> None:
        self.name = name
        self.pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Everything inside commits when the block ends, or none of it does.

        Raises:
            NotReached: there is no database to be had; nothing happened.
            Unavailable: the answer to COMMIT was lost; it may have happened. It is never called a failure.
        """
        connection = await self._begun()
        token = _open.set(self.name)
        try:
            transaction = Transaction(connection)
            yield transaction
            await _unbroken(_commit(connection))
        finally:
            _open.reset(token)
            await _unbroken(self.pool.give_back(connection))
        transaction.committed()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        """Single statements, each a transaction of its own: a read sees the newest committed state."""
        connection = await self.pool.take()
        try:
            yield Transaction(connection)
        finally:
            await _unbroken(self.pool.give_back(connection))

    def single(self) -> AbstractAsyncContextManager[Transaction]:
        """As `reading`, for a write that is one statement and may be repeated: it needs no BEGIN and no COMMIT."""
        return self.reading()

    async def _begun(self) -> Connection:
        """A connection in a transaction. After a restart of the database each pooled one is dead: look further."""
        for last in (False,) * DEAD_CONNECTIONS + (True,):
            connection = await self.pool.take()
            try:
                await connection.run(BEGIN, {})
            except NotReached:
                await _unbroken(self.pool.give_back(connection))
                if last:
                    raise
            except BaseException:
                await _unbroken(self.pool.give_back(connection))
                raise
            else:
                break
        return connection

    async def close(self) -> None:
        """Close all connections."""
        await self.pool.close()


async def _commit(connection: Connection) -> None:
    try:
        await connection.run(COMMIT, {})
    except Contended:
        raise
    except NotReached as error:
        raise Unavailable("The answer to COMMIT was lost; the write may have happened.") from error


async def _unbroken(work: Coroutine[Any, Any, None]) -> None:
    """Finish `work` even if the task is cancelled meanwhile: a cancelled COMMIT would leave nobody knowing."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
