"""Which faults strike when."""

import pytest

from app.chaos.schedule import Strike, schedule
from app.chaos.steps import STEPS

FOUR = ("auth", "sales", "delivery", "product")


def drawn(seed: int, *modules: str) -> list[Strike]:
    return schedule(seed, 600.0, 2.0, modules, 5.0)


def test_the_same_seed_is_the_same_schedule_and_another_seed_another() -> None:
    assert drawn(7, *FOUR) == drawn(7, *FOUR)
    assert drawn(7, *FOUR) != drawn(8, *FOUR)


def test_in_ten_minutes_every_kind_of_fault_strikes_and_everything_is_struck() -> None:
    strikes = [strike for seed in range(5) for strike in drawn(seed, *FOUR)]
    kinds = {strike.kind for strike in strikes}
    assert kinds == {"kill", "freeze", "kill at", "lose at", "line", "again"}
    killed = {strike.what for strike in strikes if strike.kind == "kill"}
    assert killed == {*FOUR, "postgres", "redis"}
    assert len(drawn(1, *FOUR)) > 100


@pytest.mark.parametrize("seed", range(5))
def test_in_one_process_nothing_strikes_that_is_not_there(seed: int) -> None:
    strikes = drawn(seed, "sales")
    assert "line" not in {strike.kind for strike in strikes}
    assert {strike.what for strike in strikes if strike.kind in {"kill", "freeze"}} == {"sales", "postgres"}


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
