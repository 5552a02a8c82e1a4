"""The fixture `mail`: one database a worker, emptied for every test."""

from collections.abc import AsyncIterator

import pytest

from app.database import open_database
from modules.kernel.database import Database, sql
from tests.integration.events.mail import EFFECTS, TABLES, Mail, check
from tests.support.shop_fixture import Server


@pytest.fixture(scope="session")
async def mail_database(postgres: Server) -> AsyncIterator[Database]:
    dsn = postgres.create("sales")
    database = open_database("sales", dsn, pool_size=8)
    async with database.transaction() as transaction:
        await transaction.execute(sql(EFFECTS))
    yield database
    await database.close()
    postgres.drop(dsn)


@pytest.fixture
async def unchecked_mail(mail_database: Database) -> AsyncIterator[Mail]:
    """Tables that may be left in any state."""
    async with mail_database.transaction() as transaction:
        emptied = " ".join(f"DELETE FROM {table};" for table in TABLES)  # noqa: S608  # names from above
        await transaction.execute(sql(f"DO $$ BEGIN {emptied} END $$"))
    opened = Mail(mail_database)
    yield opened
    await opened.end()


@pytest.fixture
async def mail(unchecked_mail: Mail) -> AsyncIterator[Mail]:
    """An inbox and an outbox of which everything must be true when the test has ended."""
    yield unchecked_mail
    await check(unchecked_mail)
