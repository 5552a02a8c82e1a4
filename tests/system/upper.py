"""Starting `up` as a process of its own, with a stand-in for the server."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.supervisor.plan import MODULES
from tests.processes import processes_in, until

ROOT = Path(__file__).parents[2]
SERVER = [sys.executable, str(Path(__file__).with_name("stand_in.py"))]
SPLIT = "auth+product,sales,delivery"
ELSEWHERE = {f"WAYBILL_DATABASES__{module.upper()}": f"postgresql://127.0.0.1/{module}" for module in MODULES}
SCRIPT = """
import json, sys
from pathlib import Path
from app.launcher import CannotStart
from app.supervisor import Supervisor, planned
data, plan, command, options = Path(sys.argv[1]), *map(json.loads, sys.argv[2:])
try:
    Supervisor(
        data, planned(*plan), lambda spec: [*command, str(spec.port)],
        say=lambda line: print(line, file=sys.stderr, flush=True),
        on_ready=lambda run: print("ready", flush=True),
        **options,
    ).run()
except CannotStart as reason:
    print(reason, file=sys.stderr)
    sys.exit(3)
"""


class Up:
    """A supervisor on `data`, seen from outside."""

    def __init__(
        self,
        data: Path,
        port: int,
        command: list[str] | None = None,
        *,
        split: str | None = None,
        ports: str | None = None,
        environment: Mapping[str, str] | None = None,
        **options: bool,
    ) -> None:
        self.data = data
        words = (json.dumps(word) for word in ((split, ports, port), command or SERVER, options))
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, data, *words],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until_ready(self) -> None:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line == "ready\n", self.process.communicate()[1]

    def until_said(self, line: str) -> None:
        """Wait until people are told so."""
        assert self.process.stderr
        assert f"{line}\n" in self.process.stderr, "it ended without saying so"

    @property
    def run(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return content

    @property
    def server_pid(self) -> int:
        return self.pid("auth")

    def pid(self, name: str) -> int:
        """The process that hosts a module, `postgres` or `redis`; what is being started again is waited for."""
        return until(lambda: self.named(name))

    def named(self, name: str) -> int | None:
        """The process that is named now."""
        run = self.run
        part = run[name] if name in {"postgres", "redis"} else None
        pid: int | None = (part or next(one for one in run["processes"] if name in one["modules"]))["pid"]
        return pid

    def is_ready(self, module: str) -> bool:
        """Whether the process that hosts `module` answers."""
        try:
            return bool(self.told(module))
        except OSError:
            return False

    def told(self, module: str) -> dict[str, str]:
        """The environment of the process that hosts `module`."""
        url = next(one["url"] for one in self.run["processes"] if module in one["modules"])
        with urllib.request.urlopen(f"{url}/health/ready", timeout=5) as answer:  # noqa: S310  # our own stand-in
            environment: dict[str, str] = json.load(answer)["environment"]
        return environment

    @property
    def valkey_pid(self) -> int:
        return self.pid("redis")

    @property
    def postgres_pid(self) -> int:
        return self.pid("postgres")

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; the exit code and what was said to people."""
        os.kill(self.process.pid, number)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        said = self.process.communicate(timeout=20)[1]
        return self.process.returncode, said


@contextmanager
def up(data: Path, port: int, **options: Any) -> Iterator[Up]:
    """A supervisor that is ready, and killed at the end if it still runs."""
    started = Up(data, port, **options)
    try:
        started.until_ready()
        yield started
    finally:
        started.process.kill()
        started.process.communicate()
        until(lambda: not processes_in(data))
