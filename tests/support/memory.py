"""A folder in memory for what a run of the tests writes: databases are copied thousands of times, and no disk need know."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

MEMORY = Path("/dev/shm")  # noqa: S108  # a folder with a name of its own is made in it
AT_LEAST_FREE = 6 * 2**30
"""In bytes. A run needs less than 2 GiB at a time."""
PREFIX = "waybill-test-"


def folder_in_memory() -> Path | None:
    """A new folder in memory; `None` on a machine that has not plenty of that. What killed runs left goes away."""
    try:
        if shutil.disk_usage(MEMORY).free < AT_LEAST_FREE or not os.access(MEMORY, os.W_OK):
            return None
        for left in MEMORY.glob(f"{PREFIX}*"):
            if not Path(f"/proc/{left.name.split('-')[2]}").exists():
                shutil.rmtree(left, ignore_errors=True)
        return Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-", dir=MEMORY))
    except OSError:
        return None


def give_back(folder: Path) -> None:
    """Have the memory be free again."""
    with suppress(OSError):
        shutil.rmtree(folder)
