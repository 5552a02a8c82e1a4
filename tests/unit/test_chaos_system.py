"""What a drill strikes, and whom it never does."""

import os
import signal
from pathlib import Path

import pytest

from app.chaos.system import System
from app.supervisor.runfile import RunFile, RunProcess


def test_who_has_no_process_at_the_moment_is_sent_nothing_and_least_of_all_our_own_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[int, signal.Signals]] = []
    monkeypatch.setattr(os, "kill", lambda pid, what: sent.append((pid, what)))
    process = RunProcess(("sales",), 4242, "http://127.0.0.1:1")
    RunFile("sales", (process,), {}, postgres={"pid": None}).write(tmp_path)
    struck = System(tmp_path)
    struck.send("postgres", signal.SIGSTOP)
    struck.send("sales", signal.SIGSTOP)
    assert sent == [(4242, signal.SIGSTOP)]
