"""The system that faults are put to: started by `up`, watched from outside, stopped at the end."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

from app.chaos.broker import Broker
from app.failpoints import VARIABLE
from app.launcher import CannotStart
from app.supervisor.runfile import RunFile, read_run

STOPS_WITHIN_S = 20
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

    def __init__(self, data: Path, broker: Broker | None = None) -> None:
        self.data = data
        self.broker = broker
        self.failpoints = data / "failpoints"

    @property
    def run(self) -> RunFile:
        """What runs now."""
        run = read_run(self.data)
        if run is None:
            raise CannotStart(f"Nothing runs on {self.data}.")
        return run

    def pid(self, name: str) -> int:
        """The process that hosts a module, or the server `postgres`; 0 where it is just being started again."""
        if name == "postgres":
            return int((self.run.postgres or {}).get("pid") or 0)
        return next(one.pid for one in self.run.processes if name in one.modules)

    def send(self, name: str, what: signal.Signals) -> None:
        """Send a signal to a process; one that has just died gets none."""
        if pid := self.pid(name):  # 0 would be everybody of our own group
            with suppress(ProcessLookupError):
                os.kill(pid, what)

    def arm(self, place: str, what: str) -> None:
        """Have whichever process comes to a fail point next die there, or lose an answer."""
        (self.failpoints / f"{place}.hit").unlink(missing_ok=True)
        draft = self.failpoints / f"{place}.draft"
        draft.write_text(what)
        draft.rename(self.failpoints / place)

    def was_hit(self, place: str) -> bool:
        """Whether some process has come there."""
        return (self.failpoints / f"{place}.hit").exists()

    def disarm(self, place: str) -> None:
        """Let everybody pass again."""
        (self.failpoints / place).unlink(missing_ok=True)


@asynccontextmanager
async def started(data: Path, words: Sequence[str], *, split: bool, **environment: str) -> AsyncIterator[System]:
    """A system of its own on an empty folder; `words` are more options of `up`, which make it a `split` or not.

    Raises:
        CannotStart: it can't be started, with its last words.
    """
    async with AsyncExitStack() as stack:
        broker = await stack.enter_async_context(Broker(data / "broker").running()) if split else None
        system = System(data, broker)
        system.failpoints.mkdir(parents=True)
        given = {**os.environ, **SETTINGS, **environment, VARIABLE: str(system.failpoints)}
        if broker is not None:
            given["WAYBILL_EVENTS__URL"] = broker.url
        stack.push_async_callback(_stopped, system, await _begun(system, words, given))
        yield system


async def _begun(system: System, words: Sequence[str], environment: Mapping[str, str]) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "entrypoints.cli", "up", "--data", str(system.data), *words]
    said = system.data.with_name(f"{system.data.name}.said")
    with said.open("w") as stderr:
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=stderr, text=True)  # noqa: ASYNC220, S603
    line = await asyncio.to_thread(process.stdout.readline) if process.stdout else ""
    if not line.startswith("ready"):
        process.kill()
        process.communicate()
        raise CannotStart((said.read_text().splitlines() or ["The system did not start."])[-1])
    return process


async def _stopped(system: System, process: "subprocess.Popen[str]") -> None:
    with suppress(CannotStart):  # it has ended by itself
        for name in (*(process.modules[0] for process in system.run.processes), "postgres"):
            system.send(name, signal.SIGCONT)
    process.terminate()
    try:
        await asyncio.to_thread(process.wait, STOPS_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
    process.communicate()
