"""Whether a module's database is where this code wants it.

A server asks that whenever it starts, and only a database that is behind needs the library that moves it on, which takes
as long to load as half of all the rest.
"""

import time
from pathlib import Path

import psycopg

from app.database import connect_arguments

VERSIONS = Path(__file__).resolve().parent.parent / "alembic" / "versions"
PATIENCE_S = 15.0
CURRENT = "SELECT version_num FROM alembic_version"


def newest(module: str) -> str:
    """The newest revision in a module's history, by the names of its files: `0005_….py` is `sales_0005`."""
    return f"{module}_{max(path.name for path in (VERSIONS / module).glob('[0-9]*.py'))[:4]}"


def bring_up(module: str, dsn: str) -> None:
    """Have a module's database be at the newest revision, once it takes connections: it may be starting beside us.

    Raises:
        OperationalError: it takes none for 15 s.
    """
    if _revision(dsn) == newest(module):
        return
    from app.migrations import Migrations

    migrations = Migrations(module, dsn)
    migrations.upgrade()
    migrations.close()


def _revision(dsn: str) -> str | None:
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            with psycopg.connect(dsn, **connect_arguments()) as connection:
                row = connection.execute(CURRENT).fetchone()
        except psycopg.errors.UndefinedTable:
            return None
        except psycopg.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return row[0] if row else None
