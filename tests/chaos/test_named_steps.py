"""A process dies, or loses an answer, at each named step of an order's way: nothing is lost, doubled or oversold."""

from itertools import pairwise
from pathlib import Path

from app.chaos.one_by_one import all_of_them, in_turn
from app.chaos.steps import STEPS
from app.chaos.system import started
from app.chaos.trial import opened
from tests.chaos.layouts import FOUR, options

SEED = 1


def test_every_step_has_its_turn_and_those_of_a_process_are_apart() -> None:
    turns = in_turn(STEPS)
    assert sorted(turns, key=str) == sorted(STEPS, key=str)
    processes = [step.place.partition(".")[0] for step in turns[:9]]
    assert all(one != next_ for one, next_ in pairwise(processes))


async def test_at_every_named_step_a_fault_loses_doubles_and_oversells_nothing(tmp_path: Path) -> None:
    struck: list[str] = []
    async with started(tmp_path / "data", options(FOUR), split=True) as system, opened(system, SEED) as trial:
        await all_of_them(trial, struck.append)
        verdict = await trial.verdict()
    assert verdict.faults == ()
    assert struck == [str(step) for step in in_turn(STEPS)]
    assert trial.faults_answered == 0
    assert trial.customer.told.placed
    assert trial.customer.told.refused
