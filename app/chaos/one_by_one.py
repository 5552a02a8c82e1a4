"""Each named step by itself: a process dies there, or loses an answer, and it is seen when all is well again."""

import asyncio
import time
from collections.abc import Callable

from app.chaos.steps import ABOUT_HOLDS, STEPS, Step
from app.chaos.system import LOOK_EVERY_S, System
from app.chaos.trial import Trial
from app.failpoints import LOSE

HIT_WITHIN_S = 60.0
RECOVERED_WITHIN_S = 60.0
HOLDS_PLACE = "sales.after_availability"


async def one_by_one(trial: Trial, tell: Callable[[str], None]) -> dict[Step, float]:
    """Have each step's fault happen while orders go on; how many seconds after it all was well again.

    Raises:
        TimeoutError: nobody came to a step, or nothing went on after its fault.
    """

    async def strike() -> dict[Step, float]:
        took: dict[Step, float] = {}
        for step in STEPS:
            took[step] = await struck(trial, step)
            tell(f"{step}: well again after {took[step]:.2f} s")
        return took

    took: dict[Step, float] = await trial.during(strike)
    return took


async def struck(trial: Trial, step: Step) -> float:
    """Have one step's fault happen; how many seconds after it all was well again."""
    system = trial.system
    if step.place.startswith(ABOUT_HOLDS):
        await _leave_a_hold_behind(trial)
    system.arm(step.place, step.fault)
    since = await _hit(system, step.place)
    return await trial.recovered(since, RECOVERED_WITHIN_S)


async def _leave_a_hold_behind(trial: Trial) -> None:
    """A customer goes away after product held its stock, and never comes back."""
    async with asyncio.timeout(HIT_WITHIN_S):
        left = False
        while not left:
            trial.system.arm(HOLDS_PLACE, LOSE)
            left = await trial.canary.leave_a_basket()
    trial.system.disarm(HOLDS_PLACE)


async def _hit(system: System, place: str) -> float:
    """The instant at which some process came to a place."""
    deadline = time.monotonic() + HIT_WITHIN_S
    while not system.was_hit(place):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody came to {place}")
        await asyncio.sleep(LOOK_EVERY_S)
    return time.monotonic()
