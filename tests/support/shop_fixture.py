"""The fixture `shop`: two databases a worker, emptied for every test, made anew after one that changed their schema."""

from collections.abc import AsyncIterator
from typing import Protocol

import pytest

from app.database import open_database
from modules.kernel.database import Database, sql
from tests.support.oracle import check
from tests.support.shop import Shop

TABLES = {  # those that refer to others first
    "sales": ("order_line", "order_transition", "order_shipment", '"order"', "hold_decision", "outbox"),
    "product": (
        "hold_line",
        "hold",
        "stock_movement",
        "stock",
        "product",
        "inbox_cursor",
        "inbox_parked",
        "audit",
        "idempotency",
    ),
}


class Server(Protocol):
    """Where databases are made."""

    def create(self, module: str) -> str: ...

    def drop(self, dsn: str) -> None: ...

    def copy(self, dsn: str) -> str: ...

    def put_back(self, dsn: str, copy: str) -> None: ...


class Premises:
    """A pair of databases, kept from test to test."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._dsns: list[str] = []
        self._databases: dict[str, Database] = {}

    async def shop(self) -> Shop:
        """An empty shop."""
        if self._databases:
            for module, database in self._databases.items():
                async with database.transaction() as transaction:
                    await transaction.execute(sql(f"DO $$ BEGIN {_emptied(module)} END $$"))
        else:
            for module in TABLES:
                await self._build(module)
        return Shop(self._databases["sales"], self._databases["product"])

    async def _build(self, module: str) -> None:
        dsn = self._server.create(module)
        self._dsns.append(dsn)
        database = open_database(module, dsn, pool_size=12)
        async with database.transaction() as transaction:  # a deadlock is to be seen soon
            name = dsn.rpartition("/")[2]
            await transaction.execute(sql(f'ALTER DATABASE "{name}" SET deadlock_timeout = 50'))
        await database.close()
        self._databases[module] = database

    async def tear_down(self) -> None:
        """Leave nothing for the next test."""
        for database in self._databases.values():
            await database.close()
        for dsn in self._dsns:
            self._server.drop(dsn)
        self._databases, self._dsns = {}, []


def _emptied(module: str) -> str:
    return " ".join(f"DELETE FROM {table};" for table in TABLES[module])  # noqa: S608  # names from above


@pytest.fixture(scope="session")
async def premises(postgres: Server) -> AsyncIterator[Premises]:
    made = Premises(postgres)
    yield made
    await made.tear_down()


@pytest.fixture
async def unchecked_shop(premises: Premises) -> AsyncIterator[Shop]:
    """A shop that may be left in any state."""
    opened = await premises.shop()
    yield opened
    await opened.end()
    if opened.spoiled:
        await premises.tear_down()


@pytest.fixture
async def shop(unchecked_shop: Shop) -> AsyncIterator[Shop]:
    """A shop in which every promise must hold when the test has ended."""
    yield unchecked_shop
    await check(unchecked_shop)
