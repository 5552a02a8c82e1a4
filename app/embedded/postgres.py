"""A PostgreSQL server of our own: made, started, watched and stopped by the process that uses it."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

from app.embedded.binaries import postgres_program
from app.embedded.cluster import PREFIX, SUPERUSER, create_cluster
from app.embedded.leftovers import clear_leftovers
from app.embedded.loopback import HOST, free_port
from app.embedded.settings import server_settings
from app.folder import FolderLock
from app.launcher import CannotStart, spawn

_STOP_S = 5.0
_POLL_S = 0.004


class EmbeddedPostgres:
    """PostgreSQL 18 from the installed wheel, on a loopback port, with everything it writes in one folder.

    `passwords` maps `postgres` (the superuser) and the short names of databases to passwords; they count when the folder
    is first filled, later starts must bring the same. `durable=False` is for tests: quick, and lost with the machine.

    It ends when this process does, even by `kill -9`; to be started from the main thread. Killed itself, it is brought
    back by `launch`, on the same port, with everything that was committed.
    """

    def __init__(self, folder: Path, passwords: Mapping[str, str], *, durable: bool = True) -> None:
        self._lock = FolderLock(folder)
        self._cluster = folder.absolute() / "data"
        self._log = folder.absolute() / "postgres.log"
        self._passwords = passwords
        self._durable = durable
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()

    def start(self, *, patience_s: float = 60) -> Self:
        """Make the folder's content if it is the first time, start the server, and return once it takes connections.

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
        """Take the folder, end what an earlier start left running there, and fill it if it is empty.

        Raises:
            CannotStart: the folder is in use or unusable.
        """
        self._lock.acquire()
        self._clear()
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".log.1"))
        if not self.is_made:
            create_cluster(self._cluster, self._passwords, _environment())

    @property
    def is_made(self) -> bool:
        """Whether the folder is filled, so that `prepare` takes no time."""
        return self._cluster.exists()

    def launch(self) -> None:
        """Start the server in a prepared folder, the first time or again after it ended; does not wait."""
        self._clear()
        with os.fdopen(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "wb") as log:
            self._process = spawn(
                [postgres_program("postgres"), "-D", self._cluster, *self._options()],
                # An immediate shutdown: it ends its own processes, busy ones too, which a kill -9 would not.
                death_signal=signal.SIGQUIT,
                unprivileged_in=self._cluster,
                environment=_environment(),
                output=log,
            )

    def is_ready(self) -> bool:
        """Whether it takes connections, by its own word, without opening one."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(self.pid) and lines[7].strip() == "ready"  # noqa: PLR2004  # its line for that

    def poll(self) -> int | None:
        """None while it runs, its exit code after (-N: by signal N)."""
        return self._process.poll() if self._process else -1

    @property
    def pid(self) -> int | None:
        """The server's first process, the parent of its others; None while it does not run."""
        return self._process.pid if self._process and self.poll() is None else None

    def stop(self, *, patience_s: float = _STOP_S) -> None:
        """Shut down cleanly, connections or not, and give the folder back; stopping twice is stopping once."""
        if self._process:
            for request in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
                self._process.send_signal(request)
                try:
                    self._process.wait(patience_s)
                    break
                except subprocess.TimeoutExpired:
                    continue
            self._process = None
        self._lock.release()

    def dsn(self, name: str) -> str:
        """The URL of the database `waybill_<name>` for the role that owns it, password included."""
        return self._url(PREFIX + name, self._passwords[name], PREFIX + name)

    @property
    def admin_dsn(self) -> str:
        """The URL for the superuser, password included."""
        return self._url(SUPERUSER, self._passwords[SUPERUSER], SUPERUSER)

    def complaint(self) -> str:
        """The last thing its log calls an error, else its last line."""
        try:
            lines = self._log.read_text(errors="replace").splitlines()
        except OSError:
            lines = []
        errors = [line for line in lines if "FATAL:" in line or "PANIC:" in line or "ERROR:" in line]
        return (errors or lines or ["no word in its log"])[-1]

    def _await_ready(self, patience_s: float) -> None:
        deadline = time.monotonic() + patience_s
        while not self.is_ready():
            if self.poll() is not None or time.monotonic() > deadline:
                raise CannotStart(f"PostgreSQL did not start: {self.complaint()}")
            time.sleep(_POLL_S)

    def _clear(self) -> None:
        # With the folder locked and nobody working in it, a postmaster.pid is stale, whoever has that number now.
        if clear_leftovers(self._cluster, postgres_program("postgres")):
            (self._cluster / "postmaster.pid").unlink(missing_ok=True)

    def _options(self) -> list[str]:
        settings = server_settings(port=self.port, host=HOST, durable=self._durable)
        return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]

    def _url(self, role: str, password: str, database: str) -> str:
        return f"postgresql://{role}:{quote(password, safe='')}@{HOST}:{self.port}/{database}"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _environment() -> dict[str, str]:
    # PGPORT, PGDATA and the like would be read as settings; messages in English, because `complaint` reads them.
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}
