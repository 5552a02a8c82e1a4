"""One PostgreSQL and one Valkey a run, shared by all workers.

Every test gets databases of its own, copied from templates; every worker has one of Valkey's numbered databases.
"""

import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from app.database import open_database
from app.embedded import EmbeddedPostgres, EmbeddedValkey
from app.migrations import Migrations
from app.settings import MODULES
from modules.kernel.database import Database
from tests.support.memory import folder_in_memory, give_back
from tests.support.path_redis import PATH_REDIS

settings.register_profile("waybill", deadline=None)  # how long an example takes says nothing on a busy machine
settings.load_profile("waybill")

ADMIN = pytest.StashKey[str]()
BROKERS = pytest.StashKey[dict[str, str]]()
STARTED = pytest.StashKey[ExitStack]()
MEMORY = pytest.StashKey[Path]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Have `tmp_path` be in memory where there is plenty, before pytest chooses; workers get theirs below it."""
    if config.option.basetemp is not None or hasattr(config, "workerinput") or config.option.collectonly:
        return
    if (folder := folder_in_memory()) is not None:
        config.stash[MEMORY] = folder
        config.option.basetemp = folder / "tmp"


def pytest_sessionstart(session: pytest.Session) -> None:
    worker = getattr(session.config, "workerinput", None)
    if worker is not None:
        session.config.stash[ADMIN] = worker["postgres"]
        session.config.stash[BROKERS] = worker["brokers"]
        return
    if session.config.option.collectonly:
        return
    passwords = {name: secrets.token_urlsafe(16) for name in ("postgres", *MODULES)}
    with ExitStack() as starting:
        memory = session.config.stash.get(MEMORY, None)
        temporary = TemporaryDirectory(prefix="servers-", dir=memory, ignore_cleanup_errors=True)
        folder = Path(starting.enter_context(temporary))
        server = starting.enter_context(EmbeddedPostgres(folder / "postgres", passwords, durable=False))
        brokers = {"valkey": EmbeddedValkey(folder / "valkey", secrets.token_urlsafe(16))}
        if isinstance(PATH_REDIS, Path):
            brokers["redis"] = EmbeddedValkey(folder / "redis", secrets.token_urlsafe(16), program=PATH_REDIS)
        for broker in brokers.values():
            starting.enter_context(broker)
        session.config.stash[STARTED] = starting.pop_all()
    session.config.stash[ADMIN] = server.admin_dsn
    session.config.stash[BROKERS] = {name: broker.url for name, broker in brokers.items()}


def pytest_report_header() -> str:
    reason = f"also run on {PATH_REDIS}" if isinstance(PATH_REDIS, Path) else f"run on Valkey only: {PATH_REDIS}"
    return f"tests of the Redis bus: {reason}"


def pytest_configure_node(node: Any) -> None:
    node.workerinput["postgres"] = node.config.stash[ADMIN]
    node.workerinput["brokers"] = node.config.stash[BROKERS]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    if (started := session.config.stash.get(STARTED, None)) is not None:
        started.close()
    if exitstatus == 0 and (folder := session.config.stash.get(MEMORY, None)) is not None:
        give_back(folder)  # else what failing tests wrote is kept until the next run


class Postgres:
    """The run's server: makes databases from migrated templates."""

    def __init__(self, admin_dsn: str) -> None:
        self._admin = admin_dsn
        self._templates: set[str] = set()
        self._copied = sql.SQL("clone")

    def create(self, module: str) -> str:
        """A fresh database with a module's schema; its URL."""
        template = f"template_{module}"
        name = f"{module}_{secrets.token_hex(6)}"
        with self._connected() as connection:
            if module not in self._templates:
                self._make_template(connection, module, template)
            self._copy(connection, template, name)
        return self._dsn(name)

    def drop(self, dsn: str) -> None:
        """Drop a database, whoever is connected to it."""
        name = conninfo_to_dict(dsn)["dbname"]
        with self._connected() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(str(name))))

    def copy(self, dsn: str) -> str:
        """A copy of a database as it is now, which nobody is connected to; its URL."""
        name, copy = str(conninfo_to_dict(dsn)["dbname"]), f"copy_{secrets.token_hex(6)}"
        with self._connected() as connection:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
            self._copy(connection, name, copy)
        return self._dsn(copy)

    def put_back(self, dsn: str, copy: str) -> None:
        """Have a database be what it was when it was copied."""
        self.drop(dsn)
        names = [str(conninfo_to_dict(one)["dbname"]) for one in (copy, dsn)]
        with self._connected() as connection:
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, names)))

    def _copy(self, connection: psycopg.Connection, template: str, name: str) -> None:
        """Copy a database as files, by the kernel where it can: a quarter of the time that writing a log of it takes."""
        words = sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy")
        wanted = words.format(sql.Identifier(name), sql.Identifier(template))
        try:
            connection.execute(sql.SQL("SET file_copy_method = {}").format(self._copied))
            connection.execute(wanted)
        except psycopg.Error:  # whatever else it was is said by the second try
            self._copied = sql.SQL("copy")
            connection.execute("RESET file_copy_method")
            connection.execute(wanted)

    def _make_template(self, connection: psycopg.Connection, module: str, template: str) -> None:
        connection.execute("SELECT pg_advisory_lock(hashtext(%s))", [template])  # workers wait for the first
        known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [template]).fetchone()
        if known is None:
            draft = f"{template}_draft"
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(draft)))
            migrations = Migrations(module, self._dsn(draft))
            migrations.upgrade()
            migrations.close()
            connection.execute(
                sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(draft), sql.Identifier(template))
            )
        connection.execute("SELECT pg_advisory_unlock(hashtext(%s))", [template])
        self._templates.add(module)

    @contextmanager
    def _connected(self) -> Iterator[psycopg.Connection]:
        with psycopg.connect(self._admin, autocommit=True) as connection:
            yield connection

    def _dsn(self, database: str) -> str:
        return self._admin.rpartition("/")[0] + f"/{database}"


@pytest.fixture(scope="session")
def postgres(request: pytest.FixtureRequest) -> Postgres:
    return Postgres(request.config.stash[ADMIN])


@pytest.fixture(scope="session")
def brokers(request: pytest.FixtureRequest) -> Mapping[str, str]:
    """The URLs of the run's servers that speak Redis' protocol, each with the number of a database of this worker."""
    number = int(getattr(request.config, "workerinput", {}).get("workerid", "gw0").removeprefix("gw")) % 16
    return {name: f"{url.rpartition('/')[0]}/{number}" for name, url in request.config.stash[BROKERS].items()}


@pytest.fixture
def dsn_of(postgres: Postgres) -> Iterator[Callable[[str], str]]:
    """Makes a database of a module; it is dropped after the test."""
    made: list[str] = []

    def make(module: str) -> str:
        made.append(postgres.create(module))
        return made[-1]

    yield make
    for dsn in made:
        postgres.drop(dsn)


@pytest.fixture
async def auth_database(dsn_of: Callable[[str], str]) -> AsyncIterator[Database]:
    database = open_database("auth", dsn_of("auth"), pool_size=8)
    yield database
    await database.close()


@pytest.fixture
async def sales_database(dsn_of: Callable[[str], str]) -> AsyncIterator[Database]:
    database = open_database("sales", dsn_of("sales"), pool_size=8)
    yield database
    await database.close()


@pytest.fixture
async def product_database(dsn_of: Callable[[str], str]) -> AsyncIterator[Database]:
    database = open_database("product", dsn_of("product"), pool_size=8)
    yield database
    await database.close()


@pytest.fixture
async def delivery_database(dsn_of: Callable[[str], str]) -> AsyncIterator[Database]:
    database = open_database("delivery", dsn_of("delivery"), pool_size=8)
    yield database
    await database.close()
