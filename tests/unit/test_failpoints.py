"""Places where a process may be made to die: there only when it was started to have them, and once."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.assembly import failing, failing_port
from app.failpoints import KILL, LOSE, VARIABLE, FailPoints, failpoints
from modules.kernel.errors import Unavailable

LOOKS = """
import sys, time
from pathlib import Path
from app.failpoints import FailPoints
clock = FailPoints(Path(sys.argv[1])).clock(["auth", "product"])
from authlib.oauth2.rfc7523.assertion import time as signing
from modules.kernel.ids import new_id
print(clock.now().timestamp(), time.time(), time.time_ns() / 1e9, (new_id().int >> 80) / 1000 + 0.001, signing.time())
"""
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


def test_a_clock_is_right_where_nothing_says_otherwise(tmp_path: Path) -> None:
    before = datetime.now(UTC)
    now = FailPoints(tmp_path).clock(["sales"]).now()
    assert before <= now <= datetime.now(UTC)
    assert (tmp_path / "sales.clock.hit").read_text() == "0.0"


@pytest.mark.parametrize("by_s", [90, -90])
def test_whoever_has_a_wrong_clock_is_wrong_wherever_it_looks(tmp_path: Path, by_s: int) -> None:
    (tmp_path / "product.clock").write_text(str(by_s))
    before = time.time()
    told = subprocess.run(
        [sys.executable, "-c", LOOKS, str(tmp_path)],
        cwd=Path(__file__).parents[2],
        check=True,
        capture_output=True,
        text=True,
    )
    clock, wall, nanoseconds, id_, assertion = (float(word) - by_s for word in told.stdout.split())
    for instant in (clock, wall, nanoseconds, id_, assertion):
        assert int(before) <= instant <= time.time()


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
