"""Starting `up` as a process of its own, with a stand-in for the server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.processes import processes_in, until

ROOT = Path(__file__).parents[2]
SERVER = [sys.executable, str(Path(__file__).with_name("stand_in.py"))]
SCRIPT = """
import json, sys
from pathlib import Path
from app.launcher import CannotStart
from app.supervisor import Supervisor, one_process
data, port, command, options = Path(sys.argv[1]), int(sys.argv[2]), json.loads(sys.argv[3]), json.loads(sys.argv[4])
try:
    Supervisor(
        data, one_process(port), lambda spec: [*command, str(spec.port)],
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

    def __init__(self, data: Path, port: int, command: list[str] | None = None, **options: bool) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT, data, str(port), json.dumps(command or SERVER), json.dumps(options)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until_ready(self) -> None:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line == "ready\n", self.process.communicate()[1]

    @property
    def run(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.data / "run.json").read_text())
        return content

    @property
    def server_pid(self) -> int:
        return int(self.run["processes"][0]["pid"])

    @property
    def postgres_pid(self) -> int:
        return int(self.run["postgres"]["pid"])

    def end(self, number: int) -> tuple[int, str]:
        """Send a signal; the exit code and what was said to people."""
        os.kill(self.process.pid, number)
        return self.wait()

    def wait(self) -> tuple[int, str]:
        said = self.process.communicate(timeout=20)[1]
        return self.process.returncode, said


@contextmanager
def up(data: Path, port: int, command: list[str] | None = None, **options: bool) -> Iterator[Up]:
    """A supervisor that is ready, and killed at the end if it still runs."""
    started = Up(data, port, command, **options)
    try:
        started.until_ready()
        yield started
    finally:
        started.process.kill()
        started.process.communicate()
        until(lambda: not processes_in(data))
