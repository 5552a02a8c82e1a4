"""`up` with a stand-in for the server: what is started, what is written, how it ends."""

import json
import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from app.secrets_file import read_secrets
from tests.processes import processes_in, until
from tests.system.ports import free_port
from tests.system.upper import ELSEWHERE, Up, up


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("up") / "data", free_port()) as started:
        yield started


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


def is_answering(dsn: str) -> bool:
    try:
        psycopg.connect(dsn).close()
    except psycopg.OperationalError:
        return False
    return True


def test_run_json_says_what_runs(running: Up) -> None:
    run = running.run
    url = run["processes"][0]["url"]

    assert run == {
        "partition": "auth+sales+delivery+product",
        "processes": [{"modules": ["auth", "sales", "delivery", "product"], "pid": running.server_pid, "url": url}],
        "databases": run["databases"],
        "postgres": {"pid": running.postgres_pid},
        "redis": None,
        "console": None,
    }
    assert set(run["databases"]) == {"auth", "sales", "delivery", "product"}
    assert running.server_pid != running.process.pid


def test_every_database_of_run_json_takes_its_own_role(running: Up) -> None:
    for module, dsn in running.run["databases"].items():
        with psycopg.connect(dsn) as connection:
            assert connection.execute("SELECT current_user").fetchone() == (f"waybill_{module}",)


def test_files_with_secrets_are_for_their_owner_only(running: Up) -> None:
    assert [mode(running.data / name) for name in ("run.json", "secrets.toml", ".")] == ["0o600", "0o600", "0o700"]


def test_the_server_is_told_its_databases_secrets_and_issuer(running: Up) -> None:
    told = running.told("auth")

    assert told["WAYBILL_TOKENS__ISSUER"] == running.run["processes"][0]["url"]
    assert told["WAYBILL_DATABASES__SALES"] == running.run["databases"]["sales"]
    assert told["WAYBILL_MIGRATE"] == "1"
    assert len(told["WAYBILL_SECRETS__PEPPER"]) >= 43
    assert len(told["WAYBILL_SECRETS__KEY_ENCRYPTION_KEY"]) == 43
    assert not [name for name in told if name.startswith(("WAYBILL_PLACEMENT", "WAYBILL_SERVICES", "WAYBILL_EVENTS"))]


def test_no_secret_is_on_a_command_line(running: Up) -> None:
    made = read_secrets(running.data)
    secrets = [made.pepper, made.key_encryption_key, made.valkey, *made.passwords.values()]
    secrets += [line for key in made.services.values() for line in key.splitlines() if "KEY" not in line]
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]

    assert len(secrets) == 17
    assert not [secret for secret in secrets for line in lines if secret.encode() in line]


def test_a_second_up_on_the_folder_says_so_and_exits_3(running: Up) -> None:
    code, said = Up(running.data, free_port()).wait()

    assert (code, said.count("\n")) == (3, 1)
    assert "in use by another start" in said
    assert running.run


def test_a_taken_port_is_named_and_nothing_is_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        code, said = Up(tmp_path / "data", port).wait()

    assert (code, said) == (3, f"Port {port} is in use; stop what listens there, or choose another with --port.\n")
    assert not processes_in(tmp_path)


def test_a_data_folder_that_is_a_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")

    code, said = Up(tmp_path / "data", free_port()).wait()

    assert (code, said.count("\n")) == (3, 1)


SAYS = {
    "pool.size is no number": ["pool.size is no number"],
    "a.Failure: no disk": [
        json.dumps({"message": "Traceback:\n  line 7\na.Failure: no disk\n"}),
        json.dumps({"message": "Application startup failed. Exiting."}),
    ],
    "b.Failure: no disk": [
        json.dumps({"message": "it came to an end", "exception": "Traceback:\n  line 7\nb.Failure: no disk"})
    ],
    "7": ["7"],
    '{"half":': ['{"half":'],
}


@pytest.mark.parametrize("what", SAYS)
def test_a_server_that_refuses_to_start_is_quoted(tmp_path: Path, what: str) -> None:
    (tmp_path / "says").write_text("\n".join(SAYS[what]))
    command = ["/bin/sh", "-c", f"cat '{tmp_path / 'says'}'; exit 2"]

    code, said = Up(tmp_path / "data", free_port(), command, environment=ELSEWHERE).wait()

    assert (code, said) == (3, f"waybill could not start: {what}\n")
    assert not processes_in(tmp_path)


def test_a_killed_server_is_started_again_and_run_json_follows(tmp_path: Path) -> None:
    port = free_port()
    with up(tmp_path / "data", port) as started:
        first = started.server_pid

        os.kill(first, signal.SIGKILL)

        until(lambda: started.server_pid != first)
        assert f":{port}" in started.run["processes"][0]["url"]
        until(lambda: started.is_ready("sales"))


def test_a_killed_postgres_is_started_again_with_everything_in_it(tmp_path: Path) -> None:
    with up(tmp_path / "data", free_port()) as started:
        dsn = started.run["databases"]["sales"]
        with psycopg.connect(dsn) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        first = started.postgres_pid

        os.kill(first, signal.SIGKILL)

        until(lambda: started.postgres_pid != first)
        until(lambda: is_answering(dsn))
        with psycopg.connect(dsn) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_while_there_is_no_space_for_run_json_everything_goes_on_and_it_follows_later(tmp_path: Path) -> None:
    with up(tmp_path / "data", free_port()) as started:
        first = started.server_pid
        in_the_way = started.data / "run.json.new"
        in_the_way.mkdir()

        os.kill(first, signal.SIGKILL)

        started.until_said("ready again")
        assert started.is_ready("sales")
        assert started.named("sales") == first
        in_the_way.rmdir()
        until(lambda: started.named("sales") not in {None, first})


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_told_to_stop_it_stops_everything_cleanly_within_5_s(tmp_path: Path, number: int) -> None:
    with up(tmp_path / "data", free_port()) as started:
        began = time.monotonic()

        code, _ = started.end(number)

        assert code == 0
        assert time.monotonic() - began < 5
        assert not processes_in(tmp_path)
        assert not (started.data / "run.json").exists()
        assert "database system is shut down" in (started.data / "postgres" / "postgres.log").read_text()


def test_started_again_it_keeps_its_secrets_and_its_data(tmp_path: Path) -> None:
    with up(tmp_path / "data", free_port()) as first:
        secrets = (first.data / "secrets.toml").read_text()
        with psycopg.connect(first.run["databases"]["auth"]) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        first.end(signal.SIGTERM)

    with up(tmp_path / "data", free_port()) as second:
        assert (second.data / "secrets.toml").read_text() == secrets
        with psycopg.connect(second.run["databases"]["auth"]) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_fresh_forgets_everything(tmp_path: Path) -> None:
    with up(tmp_path / "data", free_port()) as first:
        secrets = (first.data / "secrets.toml").read_text()
        first.end(signal.SIGTERM)

    with up(tmp_path / "data", free_port(), fresh=True) as second:
        assert (second.data / "secrets.toml").read_text() != secrets


def test_fresh_leaves_a_folder_of_somebody_elses_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("…")

    code, said = Up(tmp_path, free_port(), fresh=True).wait()

    assert (code, said.count("\n")) == (3, 1)
    assert (tmp_path / "thesis.tex").exists()


def test_lost_secrets_are_not_made_up_beside_databases_that_need_the_old_ones(tmp_path: Path) -> None:
    with up(tmp_path / "data", free_port()) as first:
        first.end(signal.SIGTERM)
    (tmp_path / "data" / "secrets.toml").unlink()

    code, said = Up(tmp_path / "data", free_port()).wait()

    assert (code, said.count("\n")) == (3, 1)
    assert "secrets.toml is gone" in said
