"""The system that the demo works on: the one that runs, or one of its own for as long as it takes."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from app.launcher import CannotStart
from app.supervisor.runfile import RunFile, read_run
from entrypoints.cli.demo.report import Report

STOPS_WITHIN_S = 15


@contextmanager
def system(data: Path, port: int, report: Report) -> Iterator[RunFile]:
    """The system on `data`; started here, and stopped again, if none runs.

    Raises:
        CannotStart: it can't be started.
    """
    run = read_run(data)
    if run is not None and _answers(run):
        report.say(f"using what runs on {run.url('sales')}")
        yield run
        return
    with _started(data, port) as own:
        report.say(f"started one process on {own.url('sales')}")
        yield own


@contextmanager
def _started(data: Path, port: int) -> Iterator[RunFile]:
    command = [sys.executable, "-m", "entrypoints.cli", "up", "--data", str(data), "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)  # noqa: S603
    errors: list[str] = []
    reader = threading.Thread(target=lambda: errors.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        said = process.stdout.readline() if process.stdout else ""
        run = read_run(data) if said.startswith("ready") else None
        if run is None:
            process.wait(STOPS_WITHIN_S)
            reader.join(1)
            raise CannotStart((errors or ["The system did not start."])[-1].strip())
        yield run
    finally:
        process.terminate()
        try:
            process.wait(STOPS_WITHIN_S)
        except subprocess.TimeoutExpired:
            process.kill()
        if process.stdout:
            process.stdout.close()
        reader.join(1)
        if process.stderr:
            process.stderr.close()


def _answers(run: RunFile) -> bool:
    try:
        return httpx.get(f"{run.url('sales')}/health/live", timeout=2).is_success
    except httpx.HTTPError:
        return False
