"""The supervisor: the process that `waybill up` is."""

import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from app.embedded import EmbeddedPostgres, EmbeddedValkey
from app.folder import FolderLock
from app.launcher import CannotStart
from app.secrets_file import Secrets, ensure_secrets
from app.supervisor.doorbell import Doorbell, Stop
from app.supervisor.environment import Deployment, external_databases, external_placement, external_redis
from app.supervisor.kept import Kept, how_it_ended
from app.supervisor.plan import MODULES, ROOT, SERVICES, ProcessSpec, partition
from app.supervisor.ports import apart, check_ports
from app.supervisor.runfile import RunFile, RunProcess, remove_run
from app.supervisor.server import Server
from app.supervisor.sources import Sources

_READY_WITHIN_S = 60.0
_STARTING_LOOK_S = 0.02
_QUIET_LOOK_S = 1.0
_RELOAD_LOOK_S = 0.4
_SERVERS_STOP_S = 6.0
_POSTGRES_STOP_S = 2.0
_VALKEY_STOP_S = 1.0


class Supervisor:
    """Starts the servers that are needed and our processes on one data folder, and keeps all running until told to stop.

    `command` gives the command of a process; `say` takes lines for people; `on_ready` is called once, when all answer
    for the first time, and `run.json` is written. Whatever ends later is started again, and `run.json` follows at once:
    it names what runs, ready or not. When all are ready again, that is said.
    """

    def __init__(
        self,
        data: Path,
        specs: tuple[ProcessSpec, ...],
        command: Callable[[ProcessSpec], Sequence[str]],
        *,
        say: Callable[[str], None],
        on_ready: Callable[[RunFile], None],
        fresh: bool = False,
        reload: bool = False,
        plays_carrier: bool = False,
    ) -> None:
        self._data = data.absolute()
        self._specs = specs
        self._command = command
        self._say = say
        self._on_ready = on_ready
        self._fresh = fresh
        self._plays_carrier = plays_carrier
        self._sources = Sources(ROOT) if reload else None
        self._lock = FolderLock(self._data)
        self._databases: dict[str, str] = {}
        self._redis: str | None = None
        self._postgres: EmbeddedPostgres | None = None
        self._valkey: EmbeddedValkey | None = None
        self._servers: list[Server] = []
        self._kept: list[Kept] = []
        self._told: RunFile | None = None

    def run(self) -> None:
        """Start, supervise, and return after a clean stop by SIGTERM, SIGHUP or Ctrl-C.

        Raises:
            CannotStart: the folder or a port is in use, or a part could not start.
        """
        with Doorbell() as bell:
            try:
                self._start()
                self._until_ready(bell)
                self._keep(bell)
            except Stop:
                self._say("stopping")
            finally:
                bell.deafen()
                self._stop()

    def _start(self) -> None:
        self._lock.acquire()
        if self._fresh:
            _empty(self._data)
        remove_run(self._data)
        check_ports(self._specs)
        secrets = ensure_secrets(self._data, MODULES, SERVICES, locked=self._data / "postgres")
        self._find_servers(secrets)
        logs = self._data / "log"
        logs.mkdir(exist_ok=True)
        deployment = Deployment(
            self._specs, self._databases, secrets, self._redis, self._plays_carrier, external_placement()
        )
        self._servers = [
            Server(spec, self._command(spec), deployment.environment(spec), logs / f"{spec.name}.jsonl")
            for spec in self._specs
        ]
        self._launch()

    def _find_servers(self, secrets: Secrets) -> None:
        """Take the databases and the Redis that the caller has elsewhere, and servers of our own for what is missing."""
        taken = {spec.port for spec in self._specs}
        self._databases = external_databases()
        if len(self._databases) < len(MODULES):
            self._postgres = apart(lambda: EmbeddedPostgres(self._data / "postgres", secrets.passwords), taken)
            self._databases = {module: self._postgres.dsn(module) for module in MODULES} | self._databases
        if len(self._specs) == 1:
            return
        self._redis = external_redis()
        if self._redis is None:
            self._valkey = apart(lambda: EmbeddedValkey(self._data / "valkey", secrets.valkey), taken)
            self._redis = self._valkey.url

    def _launch(self) -> None:
        postgres = [Kept("PostgreSQL", self._postgres)] if self._postgres else []
        valkey = [Kept("Valkey", self._valkey)] if self._valkey else []
        servers = [Kept(server.spec.name, server) for server in self._servers]
        self._kept = [*postgres, *valkey, *servers]
        # A data folder takes longer to make than a server to import: only then is PostgreSQL last, and servers wait.
        is_made = self._postgres is not None and self._postgres.is_made
        for kept in self._kept if is_made else [*valkey, *servers, *postgres]:
            if isinstance(kept.part, EmbeddedPostgres | EmbeddedValkey):
                kept.part.prepare()
            kept.launch()

    def _until_ready(self, bell: Doorbell) -> None:
        deadline = time.monotonic() + _READY_WITHIN_S
        waiting = set(self._kept)  # asked no more once it is ready: answering would slow down those that are not yet
        while waiting:
            for kept in self._kept:
                code = kept.tend()
                if code is not None:
                    waiting.add(kept)
                    if kept.is_hopeless(code):
                        raise CannotStart(f"{kept.name} could not start: {kept.part.complaint()}")
            waiting = {kept for kept in waiting if not kept.is_ready}
            if waiting and time.monotonic() > deadline:
                slow = ", ".join(kept.name for kept in self._kept if kept in waiting)
                raise CannotStart(f"{slow} did not get ready within {_READY_WITHIN_S:.0f} s; see {self._data}/log.")
            if waiting:
                bell.wait(_STARTING_LOOK_S)
        self._told = self._running()
        self._told.write(self._data)
        self._on_ready(self._told)

    def _keep(self, bell: Doorbell) -> None:
        all_ready = True
        while True:
            for kept in self._kept:
                code = kept.tend()
                if code is not None:
                    all_ready = False
                    self._say(f"{kept.name} ended ({how_it_ended(code)}); starting it again")
                self._tell()
            if self._sources and self._sources.changed():
                all_ready = False
                self._reload()
            if not all_ready and self._is_ready_again():
                all_ready = True
                self._say("ready again")
            bell.wait(self._pause(all_ready=all_ready))

    def _is_ready_again(self) -> bool:
        """Whether all do their work; whoever does is settled, however long another still takes."""
        for kept in self._kept:
            if not kept.is_settled and kept.is_ready:
                kept.settle()
        return all(kept.is_settled for kept in self._kept) and all(kept.is_ready for kept in self._kept)

    def _pause(self, *, all_ready: bool) -> float:
        if not all_ready:
            return min([_STARTING_LOOK_S, *(kept.wait_s for kept in self._kept if kept.wait_s is not None)])
        return _RELOAD_LOOK_S if self._sources else _QUIET_LOOK_S

    def _reload(self) -> None:
        self._say("the code changed; starting again with it")
        for server in self._servers:
            server.ask_to_stop()
        for kept in self._kept:
            if isinstance(kept.part, Server):
                kept.part.stop(patience_s=_SERVERS_STOP_S)
                self._tell()
                kept.launch()

    def _tell(self) -> None:
        """Have `run.json` name what runs now; where there is no space for it, the next look tries again."""
        run = self._running()
        if run != self._told:
            with suppress(CannotStart):
                run.write(self._data)
                self._told = run

    def _running(self) -> RunFile:
        return RunFile(
            partition=partition(self._specs),
            processes=tuple(RunProcess(one.spec.modules, one.pid, one.spec.url) for one in self._servers),
            databases=self._databases,
            postgres={"pid": self._postgres.pid} if self._postgres else None,
            redis={"url": self._redis, "pid": self._valkey.pid if self._valkey else None} if self._redis else None,
        )

    def _stop(self) -> None:
        deadline = time.monotonic() + _SERVERS_STOP_S
        for server in self._servers:
            server.ask_to_stop()
        for server in self._servers:
            server.stop(patience_s=max(0.0, deadline - time.monotonic()))
        if self._valkey:
            self._valkey.stop(patience_s=_VALKEY_STOP_S)
        if self._postgres:
            self._postgres.stop(patience_s=_POSTGRES_STOP_S)
        if self._lock.is_held:
            remove_run(self._data)
            self._lock.release()


def _empty(data: Path) -> None:
    content = list(data.iterdir())
    ours = {"secrets.toml", "postgres"}
    if content and not ours & {path.name for path in content}:
        raise CannotStart(
            f"{data} does not look like a data folder of Waybill's, so --fresh leaves it alone; name another."
        )
    for path in content:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
