"""The system that the demo works on: the one that runs, or one of its own for as long as it takes."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from app.launcher import CannotStart
from app.supervisor.plan import ProcessSpec, described, is_same_partition, planned
from app.supervisor.runfile import RunFile, read_run
from entrypoints.cli.demo.report import Report

STOPS_WITHIN_S = 15


@dataclass(frozen=True, slots=True)
class Wanted:
    """How the system is to be started, in the words of `up`; without `split`, any that runs will do.

    Raises:
        WrongPlan: it can't be started so.
    """

    split: str | None
    ports: str | None
    port: int

    def __post_init__(self) -> None:
        self.specs()

    def specs(self) -> tuple[ProcessSpec, ...]:
        """The processes that are to be."""
        return planned(self.split, self.ports, self.port)

    @property
    def words(self) -> list[str]:
        """The options of `up`."""
        given = {"--port": str(self.port), "--split": self.split, "--ports": self.ports}
        return [word for name, value in given.items() if value is not None for word in (name, value)]

    def is_met_by(self, run: RunFile) -> bool:
        """Whether what runs will do."""
        return self.split is None or is_same_partition((spec.modules for spec in self.specs()), _groups(run))


@contextmanager
def system(data: Path, wanted: Wanted, report: Report) -> Iterator[RunFile]:
    """The system on `data`; started here, and stopped again, if none runs.

    Raises:
        CannotStart: it can't be started, or another partition runs there.
    """
    run = read_run(data)
    if run is not None and _answers(run):
        if not wanted.is_met_by(run):
            raise CannotStart(
                f"{run.partition} runs on {data}, not {wanted.split}; stop it, or name another folder with --data."
            )
        report.say(f"using what runs on {run.url('sales')}{_beside(run)}")
        yield run
        return
    with _started(data, wanted) as own:
        report.say(f"started {_started_what(own)}")
        yield own


def _groups(run: RunFile) -> list[tuple[str, ...]]:
    return [process.modules for process in run.processes]


def _started_what(run: RunFile) -> str:
    words = described(_groups(run))
    return words if len(run.processes) > 1 else f"{words} on {run.url('sales')}"


def _beside(run: RunFile) -> str:
    return f", one of {described(_groups(run))}" if len(run.processes) > 1 else ""


@contextmanager
def _started(data: Path, wanted: Wanted) -> Iterator[RunFile]:
    command = [sys.executable, "-m", "entrypoints.cli", "up", "--data", str(data), *wanted.words]
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
    return any(_is_alive(process.url) for process in run.processes)


def _is_alive(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/live", timeout=2).is_success
    except httpx.HTTPError:
        return False
