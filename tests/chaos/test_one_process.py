"""In one process: faults at named steps, a disk that is full, faults of all kinds mixed; nothing is lost by it."""

import random
from dataclasses import asdict
from pathlib import Path

from app.chaos.disk import Disk, NoDisk
from app.chaos.drill import drill
from app.chaos.one_by_one import all_of_them, by_turns, in_turn
from app.chaos.schedule import Strike, schedule
from app.chaos.steps import STEPS, Step
from app.chaos.system import System, started
from app.chaos.trial import Trial, opened
from app.failpoints import KILL
from tests.chaos.drills import came_to
from tests.chaos.layouts import laid_out
from tests.chaos.profile import EVERY_S, FREEZE_S, LONG, RATE, SECONDS, SEED, STEPS_RATE, again

FULL = Strike(0.0, "fill", "disk", 3.0)
KILLS = 3


def chosen() -> list[Step]:
    """Each step at which an answer is lost, and some at which the process dies, as each of those is a start; at night all."""
    kills = [step for step in STEPS if step.fault == KILL]
    killed = kills if LONG else random.Random(SEED).sample(kills, KILLS)  # noqa: S311
    return [step for step in STEPS if step.fault != KILL or step in killed]


async def can_mount(folder: Path) -> bool:
    """Whether this machine lets a disk be mounted; `tests/unit/test_chaos_disk.py` says why where it does not."""
    try:
        async with Disk(folder).mounted():
            return True
    except NoDisk:
        return False


async def fill_the_disk(system: System, trial: Trial) -> None:
    """Have PostgreSQL find no space: each answer is a problem document with a 503, and PostgreSQL itself ends."""
    before, placed = trial.refusals, len(trial.customer.told.placed)
    await trial.during(lambda: by_turns(trial, [FULL]))
    assert trial.refusals > before
    assert trial.faults_answered == 0
    assert len(trial.customer.told.placed) > placed
    assert "PostgreSQL ended" in system.said.read_text()


async def test_in_one_process_no_fault_at_any_step_or_of_any_kind_and_no_full_disk_loses_doubles_or_oversells(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    layout, small_disk = laid_out(None), await can_mount(tmp_path / "disk")
    strikes = schedule(SEED, SECONDS, EVERY_S, layout.modules, FREEZE_S, small_disk=small_disk)
    async with started(tmp_path / "data", layout, small_disk=small_disk) as system, opened(system, SEED) as trial:
        if small_disk:
            await fill_the_disk(system, trial)
        await trial.during(lambda: all_of_them(trial, chosen(), told.append), STEPS_RATE)
        outcome = await drill(trial, strikes, SECONDS, RATE, print)
    assert outcome.faults == (), again(Path(__file__).name)
    came_to(None, asdict(outcome))
    assert told == [str(step) for step in in_turn(chosen())]
    assert outcome.strikes > 5
    assert outcome.placed > 0
