"""Counts what goes to a database: statements by the names that repositories give them, and commits."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from modules.kernel.database import BEGIN, COMMIT, Connection, Database, Pool, Result, Statement


@dataclass
class Traffic:
    """The statements that a database was sent, in order, and how many transactions were committed."""

    names: Mapping[str, str] = field(default_factory=dict)
    statements: list[str] = field(default_factory=list)
    commits: int = 0

    def note(self, statement: Statement) -> None:
        if statement == COMMIT:
            self.commits += 1
        elif statement != BEGIN:
            self.statements.append(self.names.get(statement, statement))


class CountedPool:
    """A pool whose connections tell what they are sent."""

    def __init__(self, pool: Pool, seen: Traffic) -> None:
        self._pool = pool
        self._seen = seen

    async def take(self) -> "CountedConnection":
        return CountedConnection(await self._pool.take(), self._seen)

    async def give_back(self, connection: Connection) -> None:
        assert isinstance(connection, CountedConnection)
        await self._pool.give_back(connection.real)

    async def close(self) -> None:
        await self._pool.close()


class CountedConnection:
    """A connection that tells what it is sent."""

    def __init__(self, real: Connection, seen: Traffic) -> None:
        self.real = real
        self._seen = seen

    async def run(self, statement: Statement, values: Mapping[str, Any]) -> Result:
        self._seen.note(statement)
        return await self.real.run(statement, values)


@contextmanager
def traffic(database: Database, *repositories: ModuleType) -> Iterator[Traffic]:
    """What goes to `database` meanwhile."""
    seen = Traffic(
        {
            statement: name
            for repository in repositories
            for name, statement in vars(repository).items()
            if isinstance(statement, Statement)
        }
    )
    real = database.pool
    database.pool = CountedPool(real, seen)
    try:
        yield seen
    finally:
        database.pool = real


def url_of(database: Database) -> str:
    """Where a database is, password included."""
    return str(getattr(database.pool, "dsn"))  # noqa: B009  # only the driver's own pool knows
