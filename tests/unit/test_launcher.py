import subprocess
import sys
import threading
from pathlib import Path

import pytest

from app.folder import FolderLock
from app.launcher import CannotStart, spawn


def test_spawning_off_the_main_thread_is_refused_because_the_child_would_die_with_the_thread() -> None:
    refused: list[RuntimeError] = []

    def attempt() -> None:
        try:
            spawn([sys.executable, "-c", ""])
        except RuntimeError as error:
            refused.append(error)

    thread = threading.Thread(target=attempt)
    thread.start()
    thread.join()

    assert "main thread" in str(refused[0])


@pytest.mark.parametrize("death_signal", [9, None])
def test_the_exit_code_of_the_program_is_the_one_seen(death_signal: int | None) -> None:
    process = spawn([sys.executable, "-c", "raise SystemExit(7)"], death_signal=death_signal)

    assert process.wait() == 7


def test_a_program_that_is_not_there_is_named() -> None:
    process = spawn(["/no/such/program"], output=subprocess.PIPE)

    said, _ = process.communicate()

    assert (process.returncode, said) == (3, b"/no/such/program cannot be run: No such file or directory.\n")


def test_a_child_whose_parent_is_already_gone_ends_at_once() -> None:
    from app import shim

    stranger = "1"  # init started nobody here
    shimmed = [sys.executable, "-I", "-S", shim.__file__, stranger, "9", "", sys.executable, "-c", "print('ran')"]

    done = subprocess.run(shimmed, capture_output=True, check=False)

    assert (done.returncode, done.stdout) == (3, b"")


def test_a_locked_folder_is_free_again_after_release(tmp_path: Path) -> None:
    first, second = FolderLock(tmp_path / "data"), FolderLock(tmp_path / "data")

    with first, pytest.raises(CannotStart, match="in use by another start"):
        second.acquire()

    with second:
        assert second.is_held
