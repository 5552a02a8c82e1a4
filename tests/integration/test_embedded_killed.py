"""`kill -9` of the process that started PostgreSQL, in every phase: nothing is left, and nothing is in the way."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.embedded import SUPERUSER, EmbeddedPostgres
from tests.processes import busy_query, processes_in, until

ROOT = Path(__file__).parents[2]
PASSWORDS = {SUPERUSER: "s", "sales": "p"}
STARTER = f"""
import pathlib, signal, sys
from app.embedded import EmbeddedPostgres
with EmbeddedPostgres(pathlib.Path(sys.argv[1]), {PASSWORDS}) as server:
    print(server.dsn("sales"), flush=True)
    signal.pause()
"""
WITHIN_S = 10  # that nothing is left is the promise, not how soon on a busy machine


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", STARTER, folder], cwd=ROOT, stdout=subprocess.PIPE, text=True)


def kill(starter: subprocess.Popen[str]) -> None:
    starter.kill()
    starter.communicate()


def ready(starter: subprocess.Popen[str]) -> str:
    assert starter.stdout
    return starter.stdout.readline().strip()


@pytest.mark.parametrize("step", ["shim.py", "bin/initdb", "--boot", "--single", "--sync-only", "listen_addresses"])
def test_killed_while_starting_nothing_is_left_and_the_next_start_succeeds(tmp_path: Path, step: str) -> None:
    folder = tmp_path / "pg"
    starter = start(folder)

    until(lambda: processes_in(folder, step), within_s=30)
    kill(starter)

    until(lambda: not processes_in(folder), WITHIN_S)
    with EmbeddedPostgres(folder, PASSWORDS) as server:
        assert server.is_ready()


def test_killed_when_ready_nothing_is_left_and_the_next_start_succeeds(tmp_path: Path) -> None:
    folder = tmp_path / "pg"
    starter = start(folder)

    ready(starter)
    kill(starter)

    until(lambda: not processes_in(folder), WITHIN_S)
    with EmbeddedPostgres(folder, PASSWORDS) as server:
        assert server.is_ready()


def test_killed_while_a_query_is_busy_the_query_ends_too(tmp_path: Path) -> None:
    folder = tmp_path / "pg"
    starter = start(folder)
    dsn = ready(starter)
    with busy_query(dsn, folder):
        kill(starter)

        until(lambda: not processes_in(folder), WITHIN_S)
