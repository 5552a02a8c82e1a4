"""Processes of an earlier start that outlived it."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from app.launcher import CannotStart

_PATIENCE_S = 10
_PROC = Path("/proc")


def clear_leftovers(folder: Path, program: Path) -> bool:
    """End every process that runs `program` inside `folder`, and wait until it is gone.

    Servers work inside their data folder, so that is how they are known. For a caller who holds the folder's lock: then
    whoever still works there belongs to a start that is over, such as a query that goes on after its postmaster was
    killed, and would keep the next one from starting.

    Returns whether that could be found out; it cannot where there is no /proc.

    Raises:
        CannotStart: one of them does not end.
    """
    if not _PROC.joinpath("self", "cwd").exists():
        return False
    deadline = time.monotonic() + _PATIENCE_S
    while leftovers := list(_running(folder, program)):
        for pid in leftovers:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if time.monotonic() > deadline:
            raise CannotStart(f"Process {leftovers[0]} of an earlier start works in {folder} and does not end; end it.")
        time.sleep(0.005)
    return True


def _running(folder: Path, program: Path) -> Iterator[int]:
    place, executable = str(folder.resolve()), str(program.resolve())
    for entry in _PROC.iterdir():
        if not entry.name.isdecimal():
            continue
        try:
            # A replaced installation shows as "… (deleted)".
            if (entry / "cwd").readlink().as_posix() == place and (entry / "exe").readlink().as_posix().startswith(
                executable
            ):
                yield int(entry.name)
        except OSError:
            continue  # it ended while we looked, or it is somebody else's
