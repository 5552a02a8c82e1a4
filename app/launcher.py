"""Programs that end when the process that started them does, however that ends."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from app import shim


class CannotStart(Exception):
    """Something needed on this machine is missing or in use; the message is a sentence that says what to do."""


def spawn(
    command: Sequence[str | Path],
    *,
    death_signal: int | None = signal.SIGKILL,
    unprivileged_in: Path | None = None,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    output: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start `command` so that the kernel sends it `death_signal` when this process ends, even by `kill -9`.

    `command[0]` is a path. With `unprivileged_in`, root becomes `nobody` in a user namespace first and keeps access to
    that folder. The program gets a session of its own, so that a Ctrl-C in the terminal is ours to pass on, and its
    stderr goes where its stdout goes.

    With `death_signal=None`, all that the program started in its session is killed with it; its pid is then not the one
    returned, which is its guard's.

    Raises:
        RuntimeError: not called on the main thread; the signal would come when the calling thread ends.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("spawn() belongs to the main thread: the death signal comes when the spawning thread ends")
    prefix = [sys.executable, "-I", "-S", shim.__file__, os.getpid(), death_signal or shim.GROUP, unprivileged_in or ""]
    return subprocess.Popen(  # noqa: S603  # our own command, no shell
        [str(part) for part in (*prefix, *command)],
        env=environment,
        cwd=folder,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def die_with_spawner() -> None:
    """In a process that multiprocessing made, such as a server's worker: end when its maker does, however that ends.

    Elsewhere it does nothing. To be called first thing: until then, a worker outlives a killed maker.
    """
    from multiprocessing import parent_process

    maker = parent_process()
    if maker is not None and maker.pid is not None:
        shim.die_with_parent(signal.SIGKILL, maker.pid)


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """End `process` and whatever it started in its session, at once, and wait for it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
