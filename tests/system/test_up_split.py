"""`up --split` with a stand-in for the server: what is started, who is told what, how it ends."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError

from app.secrets_file import read_secrets
from app.service_key import is_private, public_part
from app.supervisor.plan import MODULES
from tests.processes import processes_in, until
from tests.system.ports import free_port, some_ports, words
from tests.system.upper import ELSEWHERE, SPLIT, Up, up


@pytest.fixture(scope="module")
def ports() -> dict[str, int]:
    return some_ports(SPLIT)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, ports: dict[str, int]) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("split") / "data", 3000, split=SPLIT, ports=words(ports)) as started:
        yield started


def is_answering(url: str) -> bool:
    try:
        with Redis.from_url(url, socket_timeout=5) as client:
            return bool(client.ping())
    except RedisError:
        return False


def taken(port: int) -> socket.socket | None:
    """A port in others' way, once nobody has it."""
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError:
        return None


def test_run_json_says_what_runs(running: Up, ports: dict[str, int]) -> None:
    run = running.run

    assert run["partition"] == SPLIT
    assert [(one["modules"], one["url"]) for one in run["processes"]] == [
        (["auth", "product"], f"http://127.0.0.1:{ports['auth']}"),
        (["sales"], f"http://127.0.0.1:{ports['sales']}"),
        (["delivery"], f"http://127.0.0.1:{ports['delivery']}"),
    ]
    pids = [*(one["pid"] for one in run["processes"]), running.postgres_pid, running.valkey_pid, running.process.pid]
    assert len(set(pids)) == 6
    assert all(Path(f"/proc/{pid}").exists() for pid in pids)
    assert set(run["databases"]) == set(MODULES)
    assert is_answering(run["redis"]["url"])


def test_no_database_and_no_secret_reaches_a_process_that_does_not_host_it(running: Up) -> None:
    databases = running.run["databases"]
    for hosted in (("auth", "product"), ("sales",), ("delivery",)):
        values = " ".join(running.told(hosted[0]).values())

        assert {module for module, dsn in databases.items() if dsn in values} == set(hosted)
        assert ("WAYBILL_SECRETS__PEPPER" in running.told(hosted[0])) == ("auth" in hosted)


def test_every_process_knows_where_the_others_and_their_redis_are(running: Up) -> None:
    run = running.run
    places = {module: one["url"] for one in run["processes"] for module in one["modules"]}
    for module in MODULES:
        told = running.told(module)

        assert {name: told[f"WAYBILL_PLACEMENT__{name.upper()}"] for name in MODULES} == places
        assert told["WAYBILL_TOKENS__ISSUER"] == places["auth"]
        assert (told["WAYBILL_EVENTS__BUS"], told["WAYBILL_EVENTS__URL"]) == ("redis", run["redis"]["url"])


def test_each_service_has_its_private_key_and_auth_the_public_ones(running: Up) -> None:
    for module in ("sales", "delivery", "product"):
        name = f"WAYBILL_SERVICES__{module.upper()}"
        own, known = running.told(module)[name], running.told("auth")[name]

        assert is_private(own)
        assert public_part(known) == public_part(own)
        assert is_private(known) == (module == "product")  # which is in the same process


def test_no_secret_is_on_a_command_line(running: Up) -> None:
    made = read_secrets(running.data)
    secrets = [made.pepper, made.key_encryption_key, made.valkey, *made.passwords.values()]
    secrets += [line for key in made.services.values() for line in key.splitlines() if "KEY" not in line]
    lines = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]

    assert len(secrets) == 17
    assert not [secret for secret in secrets for line in lines if secret.encode() in line]


def test_each_process_has_a_log_of_its_own(running: Up) -> None:
    names = {path.name for path in (running.data / "log").glob("*.jsonl")}

    assert names == {"auth+product.jsonl", "sales.jsonl", "delivery.jsonl"}


def test_a_second_up_on_the_folder_exits_3_whatever_its_partition(running: Up) -> None:
    code, said = Up(running.data, free_port()).wait()

    assert (code, said.count("\n")) == (3, 1)
    assert "in use by another start" in said


def test_one_killed_process_is_started_again_and_the_others_go_on(running: Up) -> None:
    before = {module: running.pid(module) for module in MODULES}

    os.kill(before["sales"], signal.SIGKILL)

    until(lambda: running.pid("sales") != before["sales"])
    assert {module: running.pid(module) for module in MODULES} == before | {"sales": running.pid("sales")}
    until(lambda: running.is_ready("sales"))


def test_who_is_started_again_is_named_at_once_however_long_another_takes(running: Up) -> None:
    before = {module: running.pid(module) for module in MODULES}
    os.kill(before["delivery"], signal.SIGSTOP)
    try:
        os.kill(before["sales"], signal.SIGKILL)
        os.kill(before["auth"], signal.SIGKILL)

        until(lambda: running.pid("sales") != before["sales"] and running.pid("auth") != before["auth"])
        until(lambda: running.is_ready("sales") and running.is_ready("auth"))
        assert running.pid("delivery") == before["delivery"]
    finally:
        os.kill(before["delivery"], signal.SIGCONT)
    until(lambda: running.is_ready("delivery"))


def test_nobody_is_named_where_nobody_runs(running: Up, ports: dict[str, int]) -> None:
    os.kill(running.process.pid, signal.SIGSTOP)  # it starts nobody before the port is taken
    os.kill(running.pid("sales"), signal.SIGKILL)
    in_the_way = until(lambda: taken(ports["sales"]))
    os.kill(running.process.pid, signal.SIGCONT)

    until(lambda: running.named("sales") is None)
    in_the_way.close()
    until(lambda: running.is_ready("sales"))
    assert Path(f"/proc/{running.pid('sales')}").exists()


def test_a_killed_valkey_is_started_again_where_it_was(running: Up) -> None:
    before, url = running.valkey_pid, running.run["redis"]["url"]
    servers = {module: running.pid(module) for module in MODULES}

    os.kill(before, signal.SIGKILL)

    until(lambda: running.valkey_pid != before)
    assert running.run["redis"]["url"] == url
    until(lambda: is_answering(url))
    assert {module: running.pid(module) for module in MODULES} == servers


def test_told_to_stop_it_stops_everything_within_5_s(tmp_path: Path) -> None:
    with up(tmp_path / "data", 3000, split=SPLIT, ports=words(some_ports(SPLIT))) as started:
        began = time.monotonic()

        code, _ = started.end(signal.SIGTERM)

        assert code == 0
        assert time.monotonic() - began < 5
        assert not processes_in(tmp_path)
        assert not (started.data / "run.json").exists()
        assert "database system is shut down" in (started.data / "postgres" / "postgres.log").read_text()
        assert "bye bye" in (started.data / "valkey" / "valkey.log").read_text()


def test_a_data_folder_takes_another_partition_the_next_time(tmp_path: Path) -> None:
    with up(tmp_path / "data", free_port()) as first:
        secrets = (first.data / "secrets.toml").read_text()
        first.end(signal.SIGTERM)

    with up(tmp_path / "data", 3000, split=SPLIT, ports=words(some_ports(SPLIT))) as second:
        assert second.run["partition"] == SPLIT
        assert (second.data / "secrets.toml").read_text() == secrets


def test_a_redis_of_the_callers_is_used_and_none_is_started(tmp_path: Path) -> None:
    url = f"redis://:secret@127.0.0.1:{free_port()}/3"
    environment = ELSEWHERE | {"WAYBILL_EVENTS__URL": url}

    with up(tmp_path / "data", 3000, split=SPLIT, ports=words(some_ports(SPLIT)), environment=environment) as started:
        assert started.run["redis"] == {"url": url, "pid": None}
        assert started.run["postgres"] is None
        assert started.told("sales")["WAYBILL_EVENTS__URL"] == url
        assert started.told("sales")["WAYBILL_DATABASES__SALES"] == "postgresql://127.0.0.1/sales"
        assert "WAYBILL_DATABASES__AUTH" not in started.told("sales")
        assert not processes_in(tmp_path, "valkey-server")
        assert not (started.data / "valkey").exists()


@pytest.mark.parametrize(
    ("taken", "sentence"),
    [
        (("sales",), "Port {sales} is in use; stop what listens there, or choose another with --ports sales=…."),
        (
            ("auth", "delivery"),
            "Ports {auth} and {delivery} are in use; stop what listens there, or choose another with --ports auth=….",
        ),
    ],
)
def test_taken_ports_are_named_and_nothing_is_started(tmp_path: Path, taken: tuple[str, ...], sentence: str) -> None:
    ports = some_ports(SPLIT)
    listeners = [socket.create_server(("127.0.0.1", ports[module])) for module in taken]

    code, said = Up(tmp_path / "data", 3000, split=SPLIT, ports=words(ports)).wait()

    for listener in listeners:
        listener.close()
    assert (code, said) == (3, sentence.format(**ports) + "\n")
    assert not processes_in(tmp_path)
    assert [path.name for path in (tmp_path / "data").iterdir()] == []


def test_a_process_that_refuses_to_start_is_named(tmp_path: Path) -> None:
    command = ["/bin/sh", "-c", "echo pool.size is no number; exit 2"]

    code, said = Up(tmp_path / "data", 3000, command, split=SPLIT, ports=words(some_ports(SPLIT))).wait()

    assert code == 3
    assert said in {f"{name} could not start: pool.size is no number\n" for name in SPLIT.split(",")}
    assert not processes_in(tmp_path)
