"""Each module's history leads to exactly its tables, and back to nothing."""

from collections.abc import Callable

import pytest
from sqlalchemy import MetaData

from app.migrations import Migrations
from app.settings import MODULES
from modules.auth.model import metadata as auth
from modules.delivery.model import metadata as delivery
from modules.product.model import metadata as product
from modules.sales.model import metadata as sales

TABLES: dict[str, MetaData] = {"auth": auth, "sales": sales, "delivery": delivery, "product": product}


@pytest.mark.parametrize("module", MODULES)
def test_migrations_lead_to_the_tables_of_the_code(module: str, dsn_of: Callable[[str], str]) -> None:
    migrations = Migrations(module, dsn_of(module))
    assert migrations.current() == migrations.head()
    assert migrations.differences(TABLES[module]) == []
    migrations.close()


@pytest.mark.parametrize("module", MODULES)
def test_migrations_go_back_to_nothing_and_forth_again(module: str, dsn_of: Callable[[str], str]) -> None:
    migrations = Migrations(module, dsn_of(module))
    migrations.downgrade("base")
    assert migrations.current() is None
    migrations.upgrade()
    assert migrations.differences(TABLES[module]) == []
    migrations.close()
