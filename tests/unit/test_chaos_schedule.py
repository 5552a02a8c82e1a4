"""Which faults strike when."""

from collections.abc import Sequence

import pytest

from app.chaos.schedule import Strike, schedule
from app.chaos.steps import ABOUT_HOLDS, STEPS, Step
from tests.chaos.profile import EVERY_S

FOUR = ("auth", "sales", "delivery", "product")


def about_holds(step: Step) -> bool:
    return step.place.startswith(ABOUT_HOLDS)


def drawn(seed: int, *modules: str) -> list[Strike]:
    return schedule(seed, 600.0, 2.0, modules, 5.0)


def test_the_same_seed_is_the_same_schedule_and_another_seed_another() -> None:
    assert drawn(7, *FOUR) == drawn(7, *FOUR)
    assert drawn(7, *FOUR) != drawn(8, *FOUR)


@pytest.mark.parametrize("modules", [FOUR, ("auth", "sales"), ("auth",)], ids=["four", "two", "one"])
@pytest.mark.parametrize("seed", range(5))
def test_in_ten_minutes_a_hundred_faults_strike_of_every_kind_and_everybody(seed: int, modules: Sequence[str]) -> None:
    strikes = schedule(seed, 600.0, EVERY_S, modules, 30.0)
    assert len(strikes) >= 100
    struck = {
        kind: {strike.what for strike in strikes if strike.kind == kind} for kind in {one.kind for one in strikes}
    }
    servers = {"postgres", "redis"} if len(modules) > 1 else {"postgres"}
    assert struck.pop("kill") == struck.pop("freeze") == {*modules, *servers}
    assert struck.pop("ahead") == struck.pop("behind") == set(modules)
    assert struck.pop("again") == {"events"}
    assert struck.pop("kill at") | struck.pop("lose at") == {step.place for step in STEPS if not about_holds(step)}
    lines = {*modules, "redis"}
    between = {"empty": {"redis"}, "cut": lines, "slow": lines, "spoil": lines}
    assert struck == (between if len(modules) > 1 else {})


@pytest.mark.parametrize("seed", range(5))
def test_strikes_come_in_order_and_leave_time_to_recover(seed: int) -> None:
    at = [strike.at_s for strike in drawn(seed, *FOUR)]
    assert at == sorted(at)
    assert at[0] > 0
    assert at[-1] < 540


def test_each_step_is_struck_where_a_process_may_come_to_it() -> None:
    places = [step.place for step in STEPS]
    assert len(set(zip(places, [step.fault for step in STEPS], strict=True))) == len(STEPS)
    assert {place.partition(".")[0] for place in places} == {"sales", "delivery", "product"}
