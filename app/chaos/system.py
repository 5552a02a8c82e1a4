"""The system that faults are put to: started by `up`, watched from outside, stopped at the end."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from app.chaos.broker import Broker
from app.chaos.disk import Disk
from app.chaos.layout import Layout
from app.chaos.lines import laid
from app.chaos.link import Link
from app.failpoints import CLOCK, VARIABLE
from app.launcher import CannotStart, kill_group, spawn
from app.secrets_file import ensure_secrets
from app.supervisor.plan import MODULES, SERVICES
from app.supervisor.runfile import RunFile, read_run

STOPS_WITHIN_S = 20
STARTS_WITHIN_S = 60
LOOK_EVERY_S = 0.02
SETTINGS: Mapping[str, str] = {
    "WAYBILL_LIMITS__ENABLED": "false",
    "WAYBILL_HOLDS__TTL_S": "2",
    "WAYBILL_HOLDS__SWEEP_INTERVAL_S": "0.5",
    "WAYBILL_TOKENS__ACCESS_TTL_S": "3600",
    "WAYBILL_LOG__LEVEL": "WARNING",
}
"""What makes the rare happen often: holds that nobody confirms are asked about after two seconds."""


class System:
    """What runs on a data folder; processes are found anew each time, because whatever dies is started again."""

    def __init__(
        self,
        data: Path,
        broker: Broker | None = None,
        links: Mapping[str, Link] | None = None,
        disk: Disk | None = None,
    ) -> None:
        self.data = data
        self.broker = broker
        self.links = links or {}
        self.disk = disk
        self.failpoints = data / "failpoints"
        self.said = data.with_name(f"{data.name}.said")

    @property
    def run(self) -> RunFile:
        """What runs now."""
        run = read_run(self.data)
        if run is None:
            raise CannotStart(f"Nothing runs on {self.data}.")
        return run

    def pid(self, name: str) -> int | None:
        """The process that hosts a module, or the server `postgres`; None where it is just being started again."""
        return self.run.pid(name)

    def send(self, name: str, what: signal.Signals) -> None:
        """Send a signal to a process; who does not run at the moment gets none."""
        pid = self.pid(name)
        if pid is not None:
            _signal(pid, what)

    async def strike(self, name: str, what: signal.Signals) -> int:
        """Send a signal to a process; one that is just being started again is waited for. Answers whom it struck.

        Raises:
            TimeoutError: none is started.
        """
        async with asyncio.timeout(STARTS_WITHIN_S):
            while (pid := self.pid(name)) is None or not _signal(pid, what):  # noqa: ASYNC110  # news from afar
                await asyncio.sleep(LOOK_EVERY_S)
            return pid

    def arm(self, place: str, what: str) -> None:
        """Have whichever process comes to a fail point next die there, or lose an answer."""
        (self.failpoints / f"{place}.hit").unlink(missing_ok=True)
        draft = self.failpoints / f"{place}.draft"
        draft.write_text(what)
        draft.rename(self.failpoints / place)

    def was_hit(self, place: str) -> bool:
        """Whether some process has come there."""
        return (self.failpoints / f"{place}.hit").exists()

    def set_clock(self, module: str, by_s: float) -> None:
        """Have the process that hosts a module be wrong about the time by so much, from its next start on."""
        draft = self.failpoints / f"{CLOCK}.draft"
        draft.write_text(str(by_s))
        draft.rename(self.failpoints / f"{module}.{CLOCK}")

    def wanted_clock(self, module: str) -> float:
        """By how many seconds the clock of a process is to be wrong."""
        return _number(self.failpoints / f"{module}.{CLOCK}")

    def clock(self, module: str) -> float:
        """By how many seconds the clock of a process was wrong when it started."""
        return _number(self.failpoints / f"{module}.{CLOCK}.hit")

    def disarm(self, place: str) -> None:
        """Let everybody pass again."""
        (self.failpoints / place).unlink(missing_ok=True)


def _signal(pid: int, what: signal.Signals) -> bool:
    """Send a signal to a process; whether it is there."""
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return False
    return True


def _number(file: Path) -> float:
    return float(file.read_text()) if file.exists() else 0.0


@asynccontextmanager
async def started(data: Path, layout: Layout, *, small_disk: bool = False, **environment: str) -> AsyncIterator[System]:
    """A system of its own on an empty folder, its PostgreSQL on a disk that can be full where `small_disk` is asked for.

    Raises:
        NoDisk: this machine does not allow that.
        CannotStart: it can't be started, with its last words.
    """
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(Broker(data / "broker").running()) if layout.is_split else None
        lines = await stack.enter_async_context(laid(layout, broker))
        disk = await stack.enter_async_context(_disk(data).mounted()) if small_disk else None
        system = System(data, broker, lines.links, disk)
        system.failpoints.mkdir(parents=True)
        given = {**os.environ, **SETTINGS, **environment, **lines.variables, VARIABLE: str(system.failpoints)}
        process = _begun(system, layout, given)
        stack.push_async_callback(_stopped, system, process)
        await _until_ready(system, process)
        yield system


def _disk(data: Path) -> Disk:
    """A disk where PostgreSQL will have its files; what it is locked with is there before, or `up` would miss it."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    ensure_secrets(data, MODULES, SERVICES, locked=data / "postgres")
    return Disk(data / "postgres")


def _begun(system: System, layout: Layout, environment: Mapping[str, str]) -> "subprocess.Popen[bytes]":
    """Start it, so that it stops when this process ends, however that does; does not wait."""
    command = [sys.executable, "-m", "entrypoints.cli", "up", "--data", str(system.data), *layout.words]
    with system.said.open("wb") as output:
        return spawn(command, death_signal=signal.SIGTERM, environment=environment, output=output)


async def _until_ready(system: System, process: "subprocess.Popen[bytes]") -> None:
    has_ended = False
    while "\nready" not in f"\n{(said := system.said.read_text())}":
        if has_ended:
            raise CannotStart((said.splitlines() or ["The system did not start."])[-1])
        has_ended = process.poll() is not None  # what it said last is still to be read
        await asyncio.sleep(LOOK_EVERY_S)


async def _stopped(system: System, process: "subprocess.Popen[bytes]") -> None:
    with suppress(CannotStart):  # it has ended by itself
        for name in (*(process.modules[0] for process in system.run.processes), "postgres"):
            system.send(name, signal.SIGCONT)
    process.terminate()
    try:
        await asyncio.to_thread(process.wait, STOPS_WITHIN_S)
    except subprocess.TimeoutExpired:
        kill_group(process)
