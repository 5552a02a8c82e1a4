"""A worker made by multiprocessing ends with its maker."""

import subprocess
import sys
from pathlib import Path

from tests.processes import processes_in, until

ROOT = Path(__file__).parents[2]
# A file, because a spawned process imports its maker's main module.
MAKER = """
import multiprocessing, pathlib, signal, sys
from app.launcher import die_with_spawner

def work(mark):
    die_with_spawner()
    pathlib.Path(mark).touch()
    signal.pause()

if __name__ == "__main__":
    multiprocessing.get_context("spawn").Process(target=work, args=(sys.argv[1],)).start()
    signal.pause()
"""


def test_killed_a_maker_takes_its_workers_along(tmp_path: Path) -> None:
    script, mark = tmp_path / "maker.py", tmp_path / "working"
    script.write_text(MAKER)
    maker = subprocess.Popen([sys.executable, script, mark], cwd=tmp_path, env={"PYTHONPATH": str(ROOT)})
    until(mark.exists)

    maker.kill()
    maker.wait()

    until(lambda: not processes_in(tmp_path), within_s=2)
