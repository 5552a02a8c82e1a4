"""Schema changes: one history per module, each in its own database."""

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, MetaData, create_engine
from sqlalchemy.engine import make_url

from alembic import command
from app.database import connect_arguments

ROOT = Path(__file__).resolve().parent.parent / "alembic"


class NoSuchRevision(LookupError):
    """The history of a module has no such revision."""


class Migrations:
    """The schema history of one module in one database."""

    def __init__(self, module: str, dsn: str) -> None:
        self.module = module
        self._engine = create_engine(
            make_url(dsn).set(drivername="postgresql+psycopg"),
            connect_args=connect_arguments() | {"connect_timeout": 10},
            pool_size=1,
        )
        self._config = Config()
        self._config.set_main_option("script_location", str(ROOT))
        self._config.set_main_option("version_locations", str(ROOT / "versions" / module))
        self._config.set_main_option("path_separator", "os")

    def upgrade(self, revision: str = "head") -> None:
        """Bring the schema up to `revision`. Two processes at once: one waits for the other.

        Raises:
            NoSuchRevision: the module's history has none of that name, or not the one that the database is at.
        """
        self._run(command.upgrade, revision)

    def downgrade(self, revision: str) -> None:
        """Bring the schema down to `revision` (`base` empties the database).

        Raises:
            NoSuchRevision: the module's history has none of that name, or not the one that the database is at.
        """
        self._run(command.downgrade, revision)

    def current(self) -> str | None:
        """The revision that the database is at; `None` where it has none of ours."""
        with self._engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def head(self) -> str | None:
        """The newest revision that this code knows."""
        return ScriptDirectory.from_config(self._config).get_current_head()

    def differences(self, metadata: MetaData) -> list[Any]:
        """What the tables in the code have that the database has not, and the other way round."""
        with self._engine.connect() as connection:
            return list(compare_metadata(MigrationContext.configure(connection), metadata))

    def close(self) -> None:
        """Give the connection back."""
        self._engine.dispose()

    def _run(self, step: Any, revision: str) -> None:
        with self._engine.begin() as connection:
            _one_at_a_time(connection)
            self._config.attributes["connection"] = connection
            try:
                step(self._config, revision)
            except CommandError as error:
                raise NoSuchRevision(f"{self.module}: {error}.") from error


def _one_at_a_time(connection: Connection) -> None:
    connection.exec_driver_sql("SET LOCAL lock_timeout = '60s'")
    connection.exec_driver_sql("SET LOCAL statement_timeout = '0'")
    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('waybill migrations'))")
