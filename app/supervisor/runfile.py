"""`<data>/run.json`: what runs now, for the commands and scripts that want to reach it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from app.secrets_file import write_private

_NAME = "run.json"


@dataclass(frozen=True, slots=True)
class RunProcess:
    """A server process; with workers, `pid` is their parent's; None while it is about to be started again."""

    modules: tuple[str, ...]
    pid: int | None
    url: str


@dataclass(frozen=True, slots=True)
class RunFile:
    """What runs: the processes, and the database of each module as the URL of its role, password included.

    A process is named from its start on: whether it is ready is its own to say. `postgres` is None where it is not ours.
    `redis` is None where events need none, its `pid` where it is not ours. A server of ours that is about to be started
    again has the `pid` None, too.
    """

    partition: str
    processes: tuple[RunProcess, ...]
    databases: Mapping[str, str]
    postgres: Mapping[str, int | None] | None = None
    redis: Mapping[str, str | int | None] | None = None
    console: str | None = None

    def write(self, data: Path) -> None:
        """Put it into the data folder, readable by its owner only, all of it or none."""
        write_private(data / _NAME, json.dumps(asdict(self), indent=2) + "\n")

    def url(self, module: str) -> str:
        """Where `module` answers."""
        return self._host(module).url

    def pid(self, name: str) -> int | None:
        """The process that hosts a module, or the server `postgres` or `redis`; None where none of ours runs now."""
        if name in {"postgres", "redis"}:
            pid = ((self.postgres if name == "postgres" else self.redis) or {}).get("pid")
            return None if pid is None else int(pid)
        return self._host(name).pid

    def _host(self, module: str) -> RunProcess:
        return next(process for process in self.processes if module in process.modules)


def remove_run(data: Path) -> None:
    """Say that nothing runs."""
    (data / _NAME).unlink(missing_ok=True)


def read_run(data: Path) -> RunFile | None:
    """What was last said to run; None where nothing was, or it cannot be read.

    After a `kill -9` of the supervisor it is still there: whether an answer comes from its URLs is the caller's to see.
    """
    try:
        content = json.loads((data / _NAME).read_text())
        processes = tuple(RunProcess(tuple(one["modules"]), one["pid"], one["url"]) for one in content.pop("processes"))
        return RunFile(processes=processes, **content)
    except (OSError, ValueError, KeyError, TypeError):
        return None
