"""The whole system as its operator starts it, seen from outside: `waybill up`, its commands, its log."""

import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx

from app.supervisor.runfile import RunFile, read_run
from tests.processes import processes_in, until
from tests.system.ports import free_port

ROOT = Path(__file__).parents[2]
WAYBILL = (sys.executable, "-m", "entrypoints.cli")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("WAYBILL_")}
LONG_LIVED = {"WAYBILL_TOKENS__ACCESS_TTL_S": "3600"}  # a token of the run's first minute is good in its last


def waybill(*words: object, data: Path) -> "subprocess.CompletedProcess[str]":
    """What a command answers to somebody at a terminal."""
    return subprocess.run(
        [*WAYBILL, *map(str, words), "--data", str(data)],
        cwd=ROOT,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


class Running:
    """The system on a data folder."""

    def __init__(self, data: Path, process: "subprocess.Popen[str]") -> None:
        self.data = data
        self.process = process

    @property
    def run(self) -> RunFile:
        run = read_run(self.data)
        assert run is not None
        return run

    @property
    def url(self) -> str:
        return self.run.url("sales")

    @property
    def server_pid(self) -> int:
        return self.pid("auth")

    def pid(self, name: str) -> int:
        """The process that hosts a module, `postgres` or `redis`; what is being started again is waited for."""
        return until(lambda: self.run.pid(name))

    def cli(self, *words: object) -> "subprocess.CompletedProcess[str]":
        """What a command answers."""
        return waybill(*words, data=self.data)

    def ask(self, *words: object) -> Any:
        """What a command with `--json` prints; fails the test if it does not succeed."""
        answer = self.cli(*words, "--json")
        assert answer.returncode == 0, answer.stderr
        return json.loads(answer.stdout)

    def log(self) -> list[Mapping[str, Any]]:
        """The log of every process, line by line."""
        return [json.loads(line) for line in self.log_text().splitlines()]

    def log_text(self) -> str:
        return "".join(path.read_text() for path in sorted((self.data / "log").glob("*.jsonl")))

    def is_ready(self) -> bool:
        """Whether every process can do its part."""
        return all(_is_ready(process.url) for process in self.run.processes)


def _is_ready(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=2).is_success
    except httpx.TransportError:
        return False


@contextmanager
def started(data: Path, port: int, *words: str, **environment: str) -> Iterator[Running]:
    """A system that is ready; told to stop at the end, and killed if it does not. `words` are more options of `up`.

    A folder that is not there yet is a copy of one where a system has run before, because to begin with nothing takes
    three times as long. That is what the tests of `up` and `demo` do.
    """
    own_databases = not any(name.startswith("WAYBILL_DATABASES__") for name in environment)
    if own_databases and not data.exists():
        shutil.copytree(_used(), data)
    with _up(data, port, *words, **environment) as running:
        yield running


@cache
def _used() -> Path:
    """A data folder of a system that was started once, and stopped."""
    folder = Path(tempfile.mkdtemp(prefix="waybill-used-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    with _up(folder / "data", free_port()):
        pass
    shutil.rmtree(folder / "data" / "log")
    return folder / "data"


@contextmanager
def _up(data: Path, port: int, *words: str, **environment: str) -> Iterator[Running]:
    said = data.with_name(f"{data.name}.said")
    with said.open("w") as stderr:
        process = subprocess.Popen(
            [*WAYBILL, "up", "--data", str(data), "--port", str(port), *words],
            cwd=ROOT,
            env=ENVIRONMENT | LONG_LIVED | environment,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
        try:
            assert process.stdout
            assert process.stdout.readline().startswith("ready"), said.read_text()
            yield Running(data, process)
            process.send_signal(signal.SIGTERM)
            process.wait(20)
        finally:
            process.kill()
            process.communicate()
            until(lambda: not processes_in(data))
