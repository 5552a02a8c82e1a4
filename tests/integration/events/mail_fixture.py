"""The fixture `mail`: one database a worker, emptied for every test."""

from collections.abc import AsyncIterator

import pytest

from app.database import open_database
from modules.kernel.database import Database, sql
from tests.integration.events.mail import EFFECTS, TABLES, Mail, check
from tests.support.shop_fixture import Server


async def opened(postgres: Server, module: str = "sales") -> AsyncIterator[Database]:
    """A database that has an inbox, an outbox and a place for effects; it is dropped afterwards."""
    dsn = postgres.create(module)
    database = open_database(module, dsn, pool_size=8)
    async with database.transaction() as transaction:
        await transaction.execute(sql(EFFECTS))
    yield database
    await database.close()
    postgres.drop(dsn)


async def emptied(database: Database) -> Mail:
    """Where events arrive, as if for the first time."""
    async with database.transaction() as transaction:
        deletes = " ".join(f"DELETE FROM {table};" for table in TABLES)  # noqa: S608  # names from above
        await transaction.execute(sql(f"DO $$ BEGIN {deletes} END $$"))
    return Mail(database)


@pytest.fixture(scope="session")
async def mail_database(postgres: Server) -> AsyncIterator[Database]:
    async for database in opened(postgres):
        yield database


@pytest.fixture
async def unchecked_mail(mail_database: Database) -> AsyncIterator[Mail]:
    """Tables that may be left in any state."""
    made = await emptied(mail_database)
    yield made
    await made.end()


@pytest.fixture
async def mail(unchecked_mail: Mail) -> AsyncIterator[Mail]:
    """An inbox and an outbox of which everything must be true when the test has ended."""
    yield unchecked_mail
    await check(unchecked_mail)
