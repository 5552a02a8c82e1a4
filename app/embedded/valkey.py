"""A Valkey server of our own (it speaks Redis' protocol), for events between the processes of one machine."""

import os
import signal
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from app.embedded.binaries import valkey_program
from app.embedded.leftovers import clear_leftovers
from app.embedded.loopback import HOST, free_port
from app.folder import FolderLock
from app.launcher import CannotStart, spawn

_STOP_S = 5.0
_POLL_S = 0.004
_READY = "Ready to accept connections"


class EmbeddedValkey:
    """Valkey 9 from the installed wheel, on a loopback port, with its log in the folder and no data on disk.

    `program` is for tests: another server that speaks the same. `keeps` has it write down what it is told, and know it
    again when it is launched again.

    Started again it is empty, and so another bus: what was on it and is not settled is published again.

    It ends when this process does, even by `kill -9`; to be started from the main thread. Killed itself, it is brought
    back by `launch`, on the same port.
    """

    def __init__(self, folder: Path, password: str, *, program: Path | None = None, keeps: bool = False) -> None:
        self._program = program or valkey_program()
        self._lock = FolderLock(folder)
        self._folder = folder.absolute()
        self._log = self._folder / "valkey.log"
        self._keeps = keeps
        self._said_before = 0
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self, *, patience_s: float = 20) -> Self:
        """Start the server, and return once it takes connections.

        Raises:
            CannotStart: the folder is in use or unusable, or the server ended or gave no answer for `patience_s`.
        """
        try:
            self.prepare()
            self.launch()
            self._await_ready(patience_s)
        except BaseException:
            self.stop()
            raise
        return self

    def prepare(self) -> None:
        """Take the folder, and end what an earlier start left running there.

        Raises:
            CannotStart: the folder is in use or unusable.
        """
        self._lock.acquire()
        self._clear()
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".log.1"))

    def launch(self) -> None:
        """Start the server in a prepared folder, the first time or again after it ended; does not wait."""
        self._clear()
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as settings, os.fdopen(writing, "wb") as pen:
            pen.write(server_settings(self.port, self._password, keeps=self._keeps).encode())
            pen.close()
            with os.fdopen(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
                self._said_before = log.tell()
                self._process = spawn([self._program, "-"], folder=self._folder, stdin=settings, output=log)

    def is_ready(self) -> bool:
        """Whether it takes connections, by its own word, without opening one."""
        return self.poll() is None and _READY in self._said()

    def poll(self) -> int | None:
        """None while it runs, its exit code after (-N: by signal N)."""
        return self._process.poll() if self._process else -1

    @property
    def pid(self) -> int | None:
        """The server's process; None while it does not run."""
        return self._process.pid if self._process and self.poll() is None else None

    def stop(self, *, patience_s: float = _STOP_S) -> None:
        """End it, connections or not, and give the folder back; stopping twice is stopping once."""
        if self._process:
            for request in (signal.SIGTERM, signal.SIGKILL):
                self._process.send_signal(request)
                try:
                    self._process.wait(patience_s)
                    break
                except subprocess.TimeoutExpired:
                    continue
            self._process = None
        self._lock.release()

    @property
    def url(self) -> str:
        """Where it is, password included."""
        return f"redis://:{quote(self._password, safe='')}@{HOST}:{self.port}/0"

    def complaint(self) -> str:
        """The last line of its log, which says why where it could not start."""
        return (self._said().splitlines() or ["no word in its log"])[-1]

    def _said(self) -> str:
        try:
            return self._log.read_bytes()[self._said_before :].decode(errors="replace")
        except OSError:
            return ""

    def _await_ready(self, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while not self.is_ready():
            if self.poll() is not None or time.monotonic() > deadline:
                raise CannotStart(f"Valkey did not start: {self.complaint()}")
            time.sleep(_POLL_S)

    def _clear(self) -> None:
        clear_leftovers(self._folder, self._program)
        (self._folder / "dump.rdb").unlink(missing_ok=True)  # whoever had one made: it would be read at the start

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def server_settings(port: int, password: str, *, keeps: bool = False) -> str:
    """Valkey's settings, as it reads them from its standard input: no command line and no file has the password."""
    settings = {
        "bind": HOST,
        "port": str(port),
        "requirepass": "".join(f"\\x{byte:02x}" for byte in password.encode()),
        # What it holds can be published again, so a disk would only cost time; what it cannot hold it must refuse.
        "save": "",
        "appendonly": "yes" if keeps else "no",
        "maxmemory-policy": "noeviction",
        "databases": "16",
    }
    return "".join(f'{name} "{value}"\n' for name, value in settings.items())
