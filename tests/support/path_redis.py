"""The Redis of this machine, if it has one: what is written for Redis is then tried on it, too."""

import re
import shutil
import subprocess
from pathlib import Path

OLDEST = 7


def _found() -> Path | str:
    """Where `redis-server` is, or why it is not taken."""
    place = shutil.which("redis-server")
    if place is None:
        return "there is no redis-server on the PATH"
    said = subprocess.run([place, "--version"], capture_output=True, text=True, timeout=10, check=False).stdout
    version = re.search(r"v=(\d+)", said)
    if version is None or int(version[1]) < OLDEST:
        return f"{place} is not Redis {OLDEST} or newer ({said.strip() or 'it does not say what it is'})"
    return Path(place).absolute()  # as it is called: where one program has several names, the name counts


PATH_REDIS = _found()
