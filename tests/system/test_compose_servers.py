"""The programs of docker-compose.yml, each run here as its container runs it: databases, migrations, Redis, health."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from app.embedded import EmbeddedPostgres
from app.embedded.binaries import postgres_program, valkey_program
from app.embedded.loopback import HOST
from app.launcher import kill_group
from app.migrations import Migrations
from app.service_key import is_private, public_part
from tests.processes import until
from tests.system.compose_world import ROOT, SERVICES, containers, layout, make_secrets, password_of
from tests.system.ports import free_port

INIT = ROOT / "config" / "postgres" / "init.sh"
REDIS_CLI = f"""#!{sys.executable} -IS
import os, socket, sys
with socket.create_connection(("{HOST}", int(os.environ["REDIS_PORT"])), 5) as server, server.makefile() as answers:
    server.sendall(f"AUTH {{os.environ['REDISCLI_AUTH']}}\\r\\n{{sys.argv[1]}}\\r\\n".encode())
    print(answers.readline(), answers.readline().removeprefix("+"), sep="", end="")
"""


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Mapping[str, str]]:
    folder = tmp_path_factory.mktemp("compose") / "secrets"
    return folder, make_secrets(folder)


@pytest.fixture(scope="module")
def postgres(
    tmp_path_factory: pytest.TempPathFactory, secrets: tuple[Path, Mapping[str, str]]
) -> Iterator[EmbeddedPostgres]:
    folder, values = secrets
    superuser = {"postgres": values["postgres_password"]}
    with EmbeddedPostgres(tmp_path_factory.mktemp("compose") / "postgres", superuser, durable=False) as server:
        with psycopg.connect(server.admin_dsn) as connection:  # as open as the image leaves it, not as ours does
            connection.execute("GRANT CONNECT, TEMPORARY ON DATABASE postgres, template1 TO PUBLIC")
        answer = initialised(server, folder, values["postgres_password"])
        assert answer.returncode == 0, answer.stderr
        yield server


def initialised(server: EmbeddedPostgres, folder: Path, password: str) -> "subprocess.CompletedProcess[str]":
    """What the init script says, run as the image of PostgreSQL runs it."""
    environment = {
        "PATH": f"{postgres_program('psql').parent}{os.pathsep}{os.environ['PATH']}",
        "PGHOST": HOST,
        "PGPORT": str(server.port),
        "PGPASSWORD": password,
        "SECRETS": str(folder),
    }
    return subprocess.run([INIT], env=environment, capture_output=True, text=True, timeout=60, check=False)


def url(server: EmbeddedPostgres, secret: str, database: str | None = None) -> str:
    """A service's own URL, on this machine; perhaps with another's database in it."""
    here = secret.replace("@postgres:5432/", f"@{HOST}:{server.port}/")
    return here if database is None else f"{here.rpartition('/')[0]}/{database}"


@pytest.mark.parametrize("module", SERVICES)
def test_a_role_owns_its_database_and_is_turned_away_from_every_other(
    module: str, postgres: EmbeddedPostgres, secrets: tuple[Path, Mapping[str, str]]
) -> None:
    secret = secrets[1][f"database_{module}"]
    with psycopg.connect(url(postgres, secret)) as connection:
        connection.execute("CREATE TABLE mine ()")
        connection.rollback()
    others = [f"waybill_{other}" for other in SERVICES if other != module]
    for database in (*others, "postgres", "template1"):
        with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
            psycopg.connect(url(postgres, secret, database)).close()


def test_the_init_script_ends_at_a_password_it_would_not_understand_and_repeats_none(
    tmp_path: Path, postgres: EmbeddedPostgres, secrets: tuple[Path, Mapping[str, str]]
) -> None:
    folder = Path(shutil.copytree(secrets[0], tmp_path / "secrets"))
    (folder / "database_auth").unlink()
    (folder / "database_auth").write_text("postgresql://waybill_auth:50%25-Rabatt@postgres:5432/waybill_auth\n")
    answer = initialised(postgres, folder, secrets[1]["postgres_password"])
    assert answer.returncode == 1
    assert answer.stderr.startswith("database_auth is not postgresql://")
    assert "Rabatt" not in answer.stdout + answer.stderr


def test_a_role_that_is_there_already_ends_the_init_script_and_no_password_is_logged(
    postgres: EmbeddedPostgres, secrets: tuple[Path, Mapping[str, str]]
) -> None:
    folder, values = secrets
    answer = initialised(postgres, folder, values["postgres_password"])
    assert answer.returncode != 0
    assert 'role "waybill_auth" already exists' in answer.stderr
    log = postgres._log.read_text()
    assert 'role "waybill_auth" already exists' in log
    assert password_of(values["database_auth"]) not in answer.stdout + answer.stderr + log


def test_migrate_brings_every_schema_to_what_the_code_needs(
    tmp_path: Path, postgres: EmbeddedPostgres, secrets: tuple[Path, Mapping[str, str]]
) -> None:
    ports = {**dict.fromkeys(SERVICES, 1), "postgres": postgres.port, "redis": 1}
    migrate = containers(tmp_path, secrets[1], ports)["migrate"]
    with migrate.started(stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0, said
    for module in SERVICES:
        migrations = Migrations(module, url(postgres, secrets[1][f"database_{module}"]))
        assert migrations.current() == migrations.head() is not None
        migrations.close()


def test_migrate_without_one_of_its_secrets_fails_and_changes_nothing(
    tmp_path: Path, secrets: tuple[Path, Mapping[str, str]]
) -> None:
    ports = {**dict.fromkeys(SERVICES, 1), "postgres": free_port(), "redis": 1}
    migrate = containers(tmp_path, secrets[1], ports)["migrate"]
    (tmp_path / "migrate" / "database_product").unlink()
    with migrate.started(stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode != 0
    assert said == "WAYBILL_DATABASES__PRODUCT_FILE: its file cannot be read: No such file or directory.\n"


class Redis:
    """The layout's Redis: its own command, with Valkey for a program, on a port of this machine."""

    def __init__(self, folder: Path, secrets: Path) -> None:
        service = layout()["services"]["redis"]
        self.port = free_port()
        self.data = folder / "data"
        self.data.mkdir(parents=True)
        programs = folder / "bin"
        programs.mkdir()
        (programs / "redis-server").symlink_to(valkey_program())
        (programs / "redis-cli").write_text(REDIS_CLI)
        (programs / "redis-cli").chmod(0o755)
        script = {volume["target"]: volume["source"] for volume in service["volumes"]}
        here = script | {"/data": str(self.data)}
        self.start = [here.get(word, word) for word in service["command"]]
        self.start += ["--port", str(self.port), "--bind", HOST]
        self.ping = [here.get(word, word) for word in service["healthcheck"]["test"][1:]]
        self.environment = {
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "SECRETS": str(secrets),
            "REDIS_PORT": str(self.port),
        }

    def is_healthy(self) -> bool:
        command = subprocess.run(self.ping, env=self.environment, capture_output=True, timeout=20, check=False)
        return command.returncode == 0

    @contextmanager
    def running(self) -> Iterator["subprocess.Popen[bytes]"]:
        process = subprocess.Popen(self.start, env=self.environment, stdout=subprocess.DEVNULL, start_new_session=True)
        try:
            until(self.is_healthy, within_s=30)
            yield process
        finally:
            kill_group(process)


def test_redis_wants_the_password_of_the_services_url_and_keeps_what_it_was_told(
    tmp_path: Path, secrets: tuple[Path, Mapping[str, str]]
) -> None:
    server = Redis(tmp_path, secrets[0])
    at_home = secrets[1]["events_url"].replace("@redis:6379", f"@{HOST}:{server.port}")
    with server.running() as process:
        once = Retry(NoBackoff(), 0)
        with pytest.raises(redis.AuthenticationError), redis.Redis(port=server.port, retry=once) as stranger:
            stranger.ping()
        with redis.from_url(at_home) as service:
            assert service.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
            assert service.config_get("appendonly") == {"appendonly": "yes"}
            service.xadd("waybill:sales", {"event": "kept"})
        process.send_signal(signal.SIGTERM)  # to the first process: the shell has made room for the server
        assert process.wait(20) == 0
    assert not server.is_healthy()
    with server.running(), redis.from_url(at_home) as service:
        assert service.xlen("waybill:sales") == 1


def test_the_password_of_redis_is_on_no_command_line(tmp_path: Path, secrets: tuple[Path, Mapping[str, str]]) -> None:
    server = Redis(tmp_path, secrets[0])
    program = tmp_path / "bin" / "redis-server"
    program.unlink()
    program.write_text('#!/bin/sh\necho "$@"\necho "read: $(cat)"\n')
    program.chmod(0o755)
    words, read = subprocess.run(
        server.start, env=server.environment, capture_output=True, text=True, timeout=20, check=True
    ).stdout.splitlines()
    password = password_of(secrets[1]["events_url"])
    assert words.startswith("--dir")
    assert password not in words
    assert read == f"read: requirepass {password}"


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A service whose `/health/ready` answers with `status`, and everything else with 200; its port."""

    class Ready(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status if self.path == "/health/ready" else 200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer((HOST, 0), Ready) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join(10)


def health(service: str, port: int) -> int:
    program, *words = layout()["services"][service]["healthcheck"]["test"][1:-1]
    assert program == "python"
    command = [sys.executable, *words, str(port)]
    return subprocess.run(command, capture_output=True, timeout=20, check=False).returncode


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_is_healthy_when_it_says_that_it_is_ready(service: str) -> None:
    with answering(200) as port:
        assert health(service, port) == 0
    with answering(503) as port:
        assert health(service, port) != 0
    assert health(service, free_port()) != 0


def test_secrets_are_made_once_and_are_for_their_owner_only(tmp_path: Path) -> None:
    first = make_secrets(tmp_path / "secrets")
    assert set(first) == set(layout()["secrets"])
    (tmp_path / "secrets" / "pepper").unlink()
    second = make_secrets(tmp_path / "secrets")
    assert {name for name in first if first[name] != second[name]} == {"pepper"}
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in (tmp_path / "secrets").iterdir()} == {0o444}
    generated = [re.sub(r"^.*:([^:@]+)@.*$", r"\1", one) for name, one in first.items() if "service" not in name]
    assert len(set(generated)) == len(generated) == len(first) - 6
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", secret) for secret in generated)


def test_a_services_key_takes_the_place_of_an_earlier_versions_secret(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    folder.mkdir()
    (folder / "service_sales").write_text("wbs_secret\n")
    made = make_secrets(folder)
    for module in ("sales", "delivery", "product"):
        assert is_private(made[f"service_{module}"])
        assert public_part(made[f"service_{module}"]).strip() == made[f"service_{module}_public"]
