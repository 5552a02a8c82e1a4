"""Each module's history leads to exactly its tables, and back to nothing."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from app.container import SOURCES
from app.migrations import Migrations
from app.schema import bring_up, newest
from app.settings import MODULES
from app.tables import TABLES
from modules.kernel.events import source_of

SUBJECT = UUID(int=7)
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


@pytest.mark.parametrize(("module", "before"), [("sales", "0007"), ("delivery", "0009"), ("product", "0008")])
def test_what_a_module_followed_before_it_was_written_down_it_goes_on_to_follow(
    module: str, before: str, dsn_of: Callable[[str], str]
) -> None:
    dsn, source = dsn_of(module), source_of(SOURCES[module][0])
    migrations = Migrations(module, dsn)
    migrations.downgrade(f"{module}_{before}")
    with psycopg.connect(dsn) as connection:
        connection.execute("INSERT INTO inbox_cursor (source, subject, sequence) VALUES (%s, %s, 4)", [source, SUBJECT])
    migrations.upgrade()
    migrations.close()
    with psycopg.connect(dsn) as connection:
        followed = connection.execute("SELECT source FROM inbox_source WHERE adopted_at IS NOT NULL").fetchall()
        cursors = connection.execute("SELECT source, subject, sequence FROM inbox_cursor").fetchall()
    assert sorted(followed) == [(source_of(one),) for one in sorted(SOURCES[module])]
    assert cursors == [(source, SUBJECT, 4)]


def test_the_application_is_put_together_without_what_only_the_history_needs() -> None:
    code = "import sys, app.process, app.container, entrypoints.asgi, app.schema; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(done.stdout.split()) & {"sqlalchemy", "sqlmodel", "alembic"}
