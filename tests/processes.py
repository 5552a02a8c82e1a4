"""Watching processes from outside, for tests that start and kill them."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T | None], within_s: float = 10) -> T:
    """The first truthy answer of `condition`; fails the test when there is none in time."""
    deadline = time.monotonic() + within_s
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {within_s} s: {condition}"
        time.sleep(0.002)
    return answer


def processes_in(folder: Path, word: str = "") -> dict[int, str]:
    """Command lines by pid of the processes that work inside `folder` or name it, and have `word` in their command line."""
    return {pid: line for pid, line in _processes(str(folder.resolve())) if word in line}


def _processes(folder: str) -> Iterator[tuple[int, str]]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if line and (folder in line or str((entry / "cwd").readlink()).startswith(folder)):
                yield int(entry.name), line
        except OSError:
            continue


@contextmanager
def busy_query(dsn: str, folder: Path) -> Iterator[None]:
    """Somebody whose query keeps a backend of the server in `folder` computing for as long as it lives."""
    ask = "import psycopg, sys; psycopg.connect(sys.argv[1]).execute('SELECT count(*) FROM generate_series(1, 1e12)')"
    with subprocess.Popen([sys.executable, "-c", ask, dsn], stderr=subprocess.DEVNULL) as client:
        until(lambda: processes_in(folder, "SELECT"))
        try:
            yield
        finally:
            client.kill()
