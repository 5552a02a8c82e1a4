"""What is measured: a system of its own in a folder of its own, and the echo beside it."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from urllib.request import urlopen

from app.operator import MONOLITH
from app.secrets_file import read_secrets
from app.supervisor import Deployment, one_process
from app.supervisor.runfile import RunFile, read_run

READY_WITHIN_S = 30


def free_port() -> int:
    """A port that nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(
    data: Path,
    port: int,
    *words: str,
    relay: bool = True,
    databases: Mapping[str, str] | None = None,
    variables: Mapping[str, str] | None = None,
) -> Iterator[RunFile]:
    """A whole system on `data` and `port`; without `relay` its events wait in their outboxes.

    `words` are more options of `up`, such as a split; `databases` are on somebody else's server; `variables` are
    settings of this one alone.
    """
    command = [sys.executable, "-m", "entrypoints.cli", "up", "--data", str(data), "--port", str(port), *words]
    settings = {"WAYBILL_LOG__LEVEL": "WARNING", "WAYBILL_EVENTS__RELAY": str(relay).lower()}
    settings["WAYBILL_LIMITS__ENABLED"] = "false"  # whoever measures asks from one address, as fast as it can
    settings |= {f"WAYBILL_DATABASES__{module.upper()}": dsn for module, dsn in (databases or {}).items()}
    settings |= variables or {}
    with _process(command, {**os.environ, **settings}) as process:
        if process.stdout is None or not process.stdout.readline().startswith("ready"):
            raise RuntimeError("the system did not start")
        run = read_run(data)
        if run is None:
            raise RuntimeError("the system did not say where it is")
        yield run


@contextmanager
def echoing(data: Path, run: RunFile) -> Iterator[int]:
    """The echo beside that system; its port."""
    port = free_port()
    (spec,) = one_process(port)
    environment = Deployment((spec,), run.databases, read_secrets(data)).environment(spec)
    environment |= {"WAYBILL_CONFIG": str(MONOLITH), "WAYBILL_TOKENS__ISSUER": run.url("auth")}
    command = [sys.executable, "-m", "uvicorn", "bench.echo:create", "--factory", "--port", str(port)]
    command += ["--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
    with _process(command, environment):
        _await(port)
        yield port


def admin_dsn(data: Path, run: RunFile) -> str:
    """The superuser's URL of the system's own server."""
    host = run.databases["sales"].rpartition("@")[2].partition("/")[0]
    return f"postgresql://postgres:{read_secrets(data).passwords['postgres']}@{host}/postgres"


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(20)
        if process.stdout:
            process.stdout.close()


def _await(port: int) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=1) as answer:
                json.load(answer)
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)
