"""What a drill strikes, and whom it never does."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from app.chaos.system import System
from app.supervisor.runfile import RunFile, RunProcess


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, signal.Signals]]:
    """Whom a signal is sent to, instead."""
    signals: list[tuple[int, signal.Signals]] = []
    monkeypatch.setattr(os, "kill", lambda pid, what: signals.append((pid, what)))
    return signals


def runs(data: Path, sales: int | None) -> System:
    """A system in which sales has a process, or none, and PostgreSQL none."""
    process = RunProcess(("sales",), sales, "http://127.0.0.1:1")
    RunFile("sales", (process,), {}, postgres={"pid": None}).write(data)
    return System(data)


def test_who_has_no_process_at_the_moment_is_sent_nothing_and_least_of_all_our_own_group(
    tmp_path: Path, sent: list[tuple[int, signal.Signals]]
) -> None:
    struck = runs(tmp_path, None)
    struck.send("postgres", signal.SIGSTOP)
    struck.send("sales", signal.SIGSTOP)
    assert sent == []
    runs(tmp_path, 4242).send("sales", signal.SIGSTOP)
    assert sent == [(4242, signal.SIGSTOP)]


async def test_a_strike_waits_for_who_is_just_being_started_again(
    tmp_path: Path, sent: list[tuple[int, signal.Signals]]
) -> None:
    striking = asyncio.create_task(runs(tmp_path, None).strike("sales", signal.SIGKILL))
    await asyncio.sleep(0)
    assert sent == []
    runs(tmp_path, 4242)
    assert await striking == 4242
    assert sent == [(4242, signal.SIGKILL)]
