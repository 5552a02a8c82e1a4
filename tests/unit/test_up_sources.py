import os
from collections.abc import Callable
from pathlib import Path

import pytest

from app.supervisor.sources import Sources


def write(root: Path) -> None:
    (root / "app" / "a.py").write_text("changed")
    os.utime(root / "app" / "a.py", ns=(1, 1))


def add(root: Path) -> None:
    (root / "modules" / "sales").mkdir(parents=True)
    (root / "modules" / "sales" / "b.py").write_text("")


def remove(root: Path) -> None:
    (root / "app" / "a.py").unlink()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "a.py").write_text("")
    return tmp_path


@pytest.mark.parametrize("change", [write, add, remove])
def test_a_change_is_noticed_once(root: Path, change: Callable[[Path], None]) -> None:
    sources = Sources(root)

    change(root)

    assert [sources.changed(), sources.changed()] == [True, False]


def test_what_is_no_source_is_not_looked_at(root: Path) -> None:
    sources = Sources(root)

    (root / "app" / "a.pyc").write_text("")
    (root / "notes.py").write_text("")

    assert not sources.changed()
