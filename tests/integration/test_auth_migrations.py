"""The schema of auth is what its tables say, forward and back."""

from collections.abc import Iterator

import pytest

from app.migrations import Migrations
from modules.auth.table import metadata
from modules.kernel.database import Database
from tests.support.statements import url_of


@pytest.fixture
def migrations(auth_database: Database) -> Iterator[Migrations]:
    migrations = Migrations("auth", url_of(auth_database))
    yield migrations
    migrations.close()


def test_the_schema_is_what_the_tables_say(migrations: Migrations) -> None:
    assert migrations.current() == migrations.head()
    assert migrations.differences(metadata) == []


def test_the_way_back_and_forward_again_changes_nothing(migrations: Migrations) -> None:
    migrations.downgrade("base")
    assert migrations.current() is None
    migrations.upgrade()
    assert migrations.differences(metadata) == []
