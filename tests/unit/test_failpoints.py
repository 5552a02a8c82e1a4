"""Places where a process may be made to die: there only when it was started to have them, and once."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.assembly import failing, failing_port
from app.failpoints import KILL, LOSE, VARIABLE, FailPoints, failpoints
from modules.kernel.errors import Unavailable

PASS = "from pathlib import Path; import sys; from app.failpoints import FailPoints; FailPoints(Path(sys.argv[1])).passed('a')"


def test_without_the_variable_nothing_is_put_in_the_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    thing = object()
    assert failpoints() is None
    assert failing("sales.order", thing) is thing  # type: ignore[arg-type]  # whatever it is
    assert failing_port("sales", thing, "settle") is thing


def test_a_place_that_is_not_armed_is_passed(tmp_path: Path) -> None:
    FailPoints(tmp_path).passed("a")
    assert list(tmp_path.iterdir()) == []


def test_an_answer_is_lost_once(tmp_path: Path) -> None:
    points = FailPoints(tmp_path)
    (tmp_path / "a").write_text(LOSE)
    with pytest.raises(Unavailable):
        points.passed("a")
    points.passed("a")
    assert (tmp_path / "a.hit").read_text() == LOSE


def test_a_process_dies_as_by_kill_9(tmp_path: Path) -> None:
    (tmp_path / "a").write_text(KILL)
    root = Path(__file__).parents[2]
    for code in (-signal.SIGKILL, 0):
        ended = subprocess.run(
            [sys.executable, "-c", PASS, str(tmp_path)],
            cwd=root,
            env=dict(os.environ),
            check=False,
            capture_output=True,
        )
        assert ended.returncode == code, ended.stderr
