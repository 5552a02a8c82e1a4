"""`waybill chaos`, as somebody at a terminal has it: what it prints, and how it ends."""

import json
import random
import re
import signal
import socket
import subprocess
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from app.supervisor.runfile import read_run
from entrypoints.cli.__main__ import app
from tests.chaos.drills import came_to
from tests.chaos.layouts import FOUR, laid_out
from tests.chaos.profile import EVERY_S, FREEZE_S, RATE, SECONDS, SEED, again
from tests.processes import processes_in, until
from tests.system.partitions import ALL, MODULES
from tests.system.running import ENVIRONMENT, ROOT, WAYBILL

BETWEEN = [split for split, groups in ALL.items() if 1 < len(groups) < len(MODULES)]
STRIKE = re.compile(r" *[0-9]+\.[0-9] s  \w")
STOLEN = "UPDATE stock SET on_hand = on_hand - 1 WHERE sku = 'PLENTY-00'"
WRONG = {
    "no time": ("--seconds", "0"),
    "no orders": ("--rate", "0"),
    "too many orders": ("--rate", "1000"),
    "faults all the time": ("--every", "0"),
    "faults that do not last": ("--longest", "0"),
    "a seed that is no number": ("--seed", "x"),
    "a module that is none": ("--split", "auth,sales,delivery,stock"),
    "ports of nobody": ("--ports", "sales=4000"),
}


def begun(folder: Path, *words: object) -> "subprocess.Popen[str]":
    """The command, with its system in `folder`."""
    return subprocess.Popen(
        [*WAYBILL, "chaos", *map(str, words)],
        cwd=ROOT,
        env=ENVIRONMENT | {"TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_where_the_seed_puts_modules_together_faults_of_all_kinds_lose_nothing_and_that_is_said(
    tmp_path: Path,
) -> None:
    layout = laid_out(random.Random(SEED).choice(BETWEEN))  # noqa: S311
    how = ("--seconds", SECONDS, "--rate", RATE, "--every", EVERY_S, "--longest", FREEZE_S, "--seed", SEED)
    with begun(tmp_path, *layout.words, *how, "--json") as command:
        out, err = command.communicate()
    assert command.returncode == 0, f"{layout.split}: {again(Path(__file__).name)}\n{err}\n{out}"
    said, lines = json.loads(out), err.splitlines()
    strikes = [line for line in lines if STRIKE.match(line)]  # libraries may complain of a database that is away
    assert lines[0].startswith(f"seed {SEED}")
    assert any(line.startswith("all faults are over") for line in lines)
    assert said["seed"] == SEED
    assert said["wrong"] == []
    assert said["strikes"] == len(strikes) > 5
    assert said["placed"] + said["refused"] == said["asked"]
    assert said["placed"] > 0
    assert list(tmp_path.iterdir()) == []
    came_to(layout.split, said)


def test_what_is_not_as_promised_is_said_and_is_the_end_of_the_command(tmp_path: Path) -> None:
    layout = laid_out(None)
    with begun(tmp_path, *layout.words, "--seconds", 5, "--every", 60, "--seed", 3) as command:
        run = until(lambda: [run for data in tmp_path.glob("*/data") if (run := read_run(data))], 60)[0]
        with psycopg.connect(run.databases["product"], autocommit=True) as product:
            until(lambda: product.execute(STOLEN).rowcount == 1)
        out, err = command.communicate()
    assert command.returncode == 1, err
    assert "wrong  PLENTY-00: " in out
    assert out.splitlines()[-1].endswith("--seconds 5 --every 60 --seed 3")


def test_told_to_stop_it_leaves_nothing(tmp_path: Path) -> None:
    with begun(tmp_path, *laid_out(FOUR).words, "--seed", 3) as command:
        until(lambda: list(tmp_path.glob("*/data/run.json")), 60)
        command.terminate()
        _, err = command.communicate()
    assert command.returncode == 128 + signal.SIGTERM, err
    assert err.splitlines()[-1] == "stopped"
    assert list(tmp_path.iterdir()) == []
    assert processes_in(tmp_path) == {}


def test_killed_it_leaves_nothing_that_runs(tmp_path: Path) -> None:
    with begun(tmp_path, *laid_out(None).words, "--seed", 3) as command:
        until(lambda: list(tmp_path.glob("*/data/run.json")), 60)
        command.kill()
    until(lambda: not processes_in(tmp_path), 20)


@pytest.mark.parametrize("words", WRONG.values(), ids=list(WRONG))
def test_what_makes_no_sense_is_said_before_anything_is_started(words: tuple[str, ...]) -> None:
    ended = CliRunner().invoke(app, ["chaos", *words])
    assert ended.exit_code == 2
    assert ended.stdout == ""


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = CliRunner().invoke(app, ["chaos", "--port", str(port)])
    assert ended.exit_code == 3
    assert f"Port {port} is in use" in ended.stderr
