"""The fixture `whole`: three databases a worker, emptied for every test."""

from collections.abc import AsyncIterator, Mapping

import pytest

from app.database import open_database
from modules.kernel.database import Database, sql
from tests.integration.events.whole import INBOX, TABLES, Whole
from tests.support.shop_fixture import Server


@pytest.fixture(scope="session")
async def whole_databases(postgres: Server) -> AsyncIterator[Mapping[str, Database]]:
    dsns = {module: postgres.create(module) for module in TABLES}
    databases = {module: open_database(module, dsn, pool_size=4) for module, dsn in dsns.items()}
    yield databases
    for module, dsn in dsns.items():
        await databases[module].close()
        postgres.drop(dsn)


async def emptied(databases: Mapping[str, Database]) -> None:
    """Leave nothing in them."""
    for module, database in databases.items():
        deletes = " ".join(f"DELETE FROM {table};" for table in (*TABLES[module], *INBOX))  # noqa: S608  # names from there
        async with database.transaction() as transaction:
            await transaction.execute(sql(f"DO $$ BEGIN {deletes} END $$"))


@pytest.fixture
async def whole(whole_databases: Mapping[str, Database]) -> Whole:
    await emptied(whole_databases)
    return Whole(whole_databases)
