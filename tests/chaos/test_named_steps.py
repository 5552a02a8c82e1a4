"""A process dies, or loses an answer, at each named step of an order's way: nothing is lost, doubled or oversold."""

from collections.abc import Callable
from pathlib import Path

from app.chaos.one_by_one import one_by_one
from app.chaos.steps import STEPS
from app.chaos.system import started
from app.chaos.trial import opened
from tests.chaos.layouts import FOUR, options

SEED = 1


async def test_at_every_named_step_a_fault_loses_doubles_and_oversells_nothing(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    async with started(tmp_path / "data", options(FOUR), split=True) as system, opened(system, SEED) as trial:
        took = await one_by_one(trial, print)
        verdict = await trial.verdict()
    record_property("recovery", {str(step): f"{seconds:.2f} s" for step, seconds in took.items()})
    assert verdict.faults == ()
    assert set(took) == set(STEPS)
    assert trial.faults_answered == 0
    assert trial.customer.told.placed
    assert trial.customer.told.refused
