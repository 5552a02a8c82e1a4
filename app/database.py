"""The driver: how this system talks to PostgreSQL, and what the driver's errors mean to us."""

import asyncio
import re
from collections.abc import Mapping
from functools import cache
from typing import Any, cast

import orjson
import psycopg
from psycopg.pq import ExecStatus, TransactionStatus
from psycopg.rows import namedtuple_row
from psycopg.types.json import set_json_loads
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from modules.kernel.database import Connection, ConstraintViolated, Database, Result, Statement
from modules.kernel.errors import Contended, NotReached, Overloaded

SESSION = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "15s",
    "timezone": "UTC",
    "jit": "off",  # every statement here is short
    "random_page_cost": "1.1",  # of what is used much is in memory: a batch is found by its keys, however small a table
    # A batch is one JSON value whose size no plan depends on: plan each statement once, not once per use.
    "plan_cache_mode": "force_generic_plan",
}

NETWORK = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 15_000,  # milliseconds
}

WAITS_FOR_A_CONNECTION_S = 2.0
CONTENTION = {"40001", "40P01", "55P03"}
AWAY = ("08", "53", "57", "25P03")
NAME = re.compile(r"(?<![:\w]):([a-z_]+)(?!:)")

set_json_loads(orjson.loads)


def connect_arguments() -> dict[str, Any]:
    """What every connection of ours asks for: bounds on waiting, on both ends."""
    return {"options": " ".join(f"-c {name}={value}" for name, value in SESSION.items()), **NETWORK}


def open_database(module: str, dsn: str, *, pool_size: int = 4) -> Database:
    """The database of `module`; connections are made when they are needed.

    A batch needs one connection, so a small pool serves many requests.
    """
    return Database(module, PsycopgPool(module, dsn, pool_size))


class PsycopgConnection:
    """A connection, in autocommit until `BEGIN`."""

    def __init__(self, module: str, connection: psycopg.AsyncConnection[Any]) -> None:
        self.driver = connection
        self._module = module

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> Result:
        """Run one statement."""
        try:
            cursor = await self.driver.execute(_for_driver(statement), values, prepare=True)
            gives_rows = cursor.pgresult is not None and cursor.pgresult.status == ExecStatus.TUPLES_OK
            rows = await cursor.fetchall() if gives_rows else ()
        except psycopg.Error as error:
            raise _translated(error, self._module) from error
        heed_cancellation()
        return Result(rows, cursor.rowcount)


class PsycopgPool:
    """A few connections, made on demand and made anew when they break."""

    def __init__(self, module: str, dsn: str, size: int) -> None:
        self.dsn = dsn
        self._module = module
        self._size = size
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[Any]] | None = None

    async def take(self) -> Connection:
        """A connection; waits up to 2 s for one."""
        pool = await self._opened()
        try:
            connection = PsycopgConnection(self._module, await pool.getconn())
        except PoolTimeout as error:
            if pool.get_stats().get("pool_size", 0):
                message = f"All connections to the {self._module} database are busy."
                raise Overloaded(message, retry_after_s=1) from error
            raise NotReached(f"The {self._module} database gives no answer.") from error
        try:
            heed_cancellation()
        except asyncio.CancelledError:
            await pool.putconn(connection.driver)
            raise
        return connection

    async def give_back(self, connection: Connection) -> None:
        """Let others use the connection; a broken one is thrown away."""
        driver = cast("PsycopgConnection", connection).driver
        if self._pool is None:
            await driver.close()
            return
        if driver.pgconn.transaction_status not in {TransactionStatus.IDLE, TransactionStatus.UNKNOWN}:
            try:
                await driver.rollback()
            except psycopg.Error:
                await driver.close()
        await self._pool.putconn(driver)

    async def close(self) -> None:
        """Close all connections."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close(timeout=1)

    async def _opened(self) -> "AsyncConnectionPool[psycopg.AsyncConnection[Any]]":
        if self._pool is None:
            self._pool = AsyncConnectionPool(
                self.dsn,
                kwargs={"autocommit": True, "row_factory": namedtuple_row, **connect_arguments()},
                min_size=0,
                max_size=self._size,
                timeout=WAITS_FOR_A_CONNECTION_S,
                reconnect_timeout=1.0,
                open=False,
            )
            await self._pool.open()
        return self._pool


def heed_cancellation() -> None:
    """Raise the cancellation that this task was asked for and that the driver has not passed on.

    Until Python 3.11 `asyncio.wait_for`, with which the driver waits, drops a cancellation that comes together with its
    result; whoever asked for it would wait for ever. Source: cpython#86296.
    """
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


@cache
def _for_driver(statement: Statement) -> bytes:
    return NAME.sub(r"%(\1)s", statement.replace("%", "%%")).encode()


def _translated(error: psycopg.Error, module: str) -> Exception:
    """What a driver's error means to us. Source: PostgreSQL's table of error codes (appendix A)."""
    state = error.sqlstate
    if state in CONTENTION:
        return Contended("Another transaction was in the way; repeat.")
    if state is not None and state.startswith("23"):
        return ConstraintViolated(error.diag.constraint_name or state)
    if isinstance(error, psycopg.OperationalError) or (state is not None and state.startswith(AWAY)):
        return NotReached(f"The {module} database gives no answer.")
    return error
