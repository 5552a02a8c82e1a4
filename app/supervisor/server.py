"""A server process of ours, seen from the supervisor."""

import json
import os
import signal
import socket
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from app.launcher import kill_group, spawn
from app.supervisor.plan import HOST, ROOT, ProcessSpec

_ANSWER_S = 1.0
_STARTUP_FAILED = "Application startup failed. Exiting."  # what uvicorn says last, whatever the reason


class Server:
    """The process of a spec; what it prints goes to `log`, the lines of earlier starts to `<log>.1`."""

    def __init__(self, spec: ProcessSpec, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.spec = spec
        self._command = command
        self._environment = environment
        self._log = log
        self._said_before = 0
        self._process: subprocess.Popen[bytes] | None = None
        if log.exists():
            log.replace(log.with_name(f"{log.name}.1"))

    def launch(self) -> None:
        """Start it, the first time or again; does not wait."""
        self._end_workers()
        with os.fdopen(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as log:
            self._said_before = log.seek(0, os.SEEK_END)
            self._process = spawn(self._command, environment=self._environment, folder=ROOT, output=log)

    def poll(self) -> int | None:
        """None while it runs, its exit code after (-N: by signal N)."""
        return self._process.poll() if self._process else -1

    @property
    def pid(self) -> int | None:
        """Its process (with workers, their parent); None while it does not run."""
        return self._process.pid if self._process and self.poll() is None else None

    def is_ready(self) -> bool:
        """Whether it says that it can do its part."""
        # By hand: the standard library's client would double the supervisor's imports.
        try:
            with socket.create_connection((HOST, self.spec.port), timeout=_ANSWER_S) as connection:
                connection.sendall(b"GET /health/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                status = connection.makefile("rb").readline()
        except OSError:
            return False
        return status.startswith(b"HTTP/1.") and status.split()[1:2] == [b"200"]

    def ask_to_stop(self) -> None:
        """Have it finish what it has begun, and take nothing new."""
        if self._process:
            self._process.send_signal(signal.SIGTERM)

    def stop(self, *, patience_s: float) -> None:
        """End it, once it has finished what it has begun or `patience_s` are over."""
        if self._process is None:
            return
        self.ask_to_stop()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(patience_s)
        kill_group(self._process)

    def complaint(self) -> str:
        """The last thing it said since it was started, and of a start that failed, why it did."""
        try:
            with self._log.open("rb") as log:
                log.seek(self._said_before)
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            lines = []
        said = [what for line in lines if (what := _what_it_says(line))]
        return next((what for what in reversed(said) if what != _STARTUP_FAILED), f"no word in {self._log}")

    def _end_workers(self) -> None:
        # Workers may outlive a killed parent for a moment, and would answer in the name of the next one.
        if self._process:
            kill_group(self._process)


def _what_it_says(line: str) -> str:
    """A line of the log for people: of a line in JSON what it says last, which of a traceback is the exception."""
    try:
        record = json.loads(line)
        line = str(record.get("exception") or record["message"])
    except (ValueError, KeyError, AttributeError):
        pass  # from before its log was set up
    return line.strip().rpartition("\n")[2].strip()
