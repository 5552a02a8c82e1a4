"""Each module's history leads to exactly its tables, and back to nothing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from app.migrations import Migrations
from app.schema import bring_up, newest
from app.settings import MODULES
from app.tables import TABLES

ROOT = Path(__file__).parents[2]


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


@pytest.mark.parametrize("module", MODULES)
def test_the_newest_revision_is_known_by_its_file(module: str, dsn_of: Callable[[str], str]) -> None:
    migrations = Migrations(module, dsn_of(module))
    assert newest(module) == migrations.head()
    migrations.close()


def test_a_database_that_is_behind_is_brought_up_and_one_that_is_not_is_left_alone(
    dsn_of: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    dsn = dsn_of("sales")
    migrations = Migrations("sales", dsn)
    for before in ("sales_0004", "base"):
        migrations.downgrade(before)
        bring_up("sales", dsn)
        assert migrations.current() == newest("sales")
    migrations.close()
    monkeypatch.setitem(sys.modules, "app.migrations", None)  # whoever imports it fails
    bring_up("sales", dsn)


def test_the_application_is_put_together_without_what_only_the_history_needs() -> None:
    code = "import sys, app.process, app.container, entrypoints.asgi, app.schema; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"sqlalchemy", "sqlmodel", "alembic"}
