"""In four processes: faults at each named step, lines between them that fail, all of it mixed; nothing is lost by it."""

from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

from app.chaos.drill import drill
from app.chaos.link import FAULTS
from app.chaos.one_by_one import all_of_them, by_turns, in_turn
from app.chaos.schedule import schedule, singles
from app.chaos.steps import STEPS
from app.chaos.system import started
from app.chaos.trial import opened
from tests.chaos.drills import came_to
from tests.chaos.layouts import FOUR, laid_out
from tests.chaos.profile import EVERY_S, FREEZE_S, LINE_S, RATE, SECONDS, SEED, STEPS_RATE, again


def test_every_step_has_its_turn_and_those_of_a_process_are_apart() -> None:
    turns = in_turn(STEPS)
    assert sorted(turns, key=str) == sorted(STEPS, key=str)
    assert all(one.module != next_.module for one, next_ in pairwise(turns[:9]))


async def test_in_four_processes_no_fault_at_any_step_on_any_line_or_of_any_kind_loses_doubles_or_oversells(
    tmp_path: Path,
) -> None:
    told: list[str] = []
    layout = laid_out(FOUR)
    lines = [one for one in singles(layout.modules, LINE_S) if one.kind in FAULTS]
    strikes = schedule(SEED, SECONDS, EVERY_S, layout.modules, FREEZE_S)
    async with started(tmp_path / "data", layout) as system, opened(system, SEED) as trial:
        await trial.during(lambda: all_of_them(trial, STEPS, told.append), STEPS_RATE)
        await trial.during(lambda: by_turns(trial, lines))
        outcome = await drill(trial, strikes, SECONDS, RATE, print)
    assert outcome.faults == (), again(Path(__file__).name)
    came_to(FOUR, asdict(outcome))
    assert told == [str(step) for step in in_turn(STEPS)]
    assert len(lines) == 15
    assert outcome.strikes > 5
    assert outcome.placed > 0
    assert outcome.refused > 0
