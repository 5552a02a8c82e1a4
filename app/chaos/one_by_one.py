"""Each named step by itself: a process dies there, or loses an answer, and it is seen when all is well again."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import zip_longest

from app.chaos.steps import ABOUT_HOLDS, STEPS, Step
from app.chaos.system import LOOK_EVERY_S, System
from app.chaos.trial import Trial
from app.failpoints import LOSE

HIT_WITHIN_S = 90.0
RECOVERED_WITHIN_S = 60.0
ASKED_ABOUT_WITHIN_S = 4.0
HOLDS_PLACE = "sales.after_availability"


async def all_of_them(trial: Trial, tell: Callable[[str], None]) -> None:
    """Have each step's fault happen while orders go on, the next as soon as one has, and see that all is well after all.

    Raises:
        TimeoutError: nobody came to a step, or nothing went on after the last.
    """

    async def strike() -> None:
        for step in in_turn(STEPS):
            await struck(trial, step)
            tell(str(step))
        await trial.recovered(time.monotonic(), RECOVERED_WITHIN_S)

    await trial.during(strike)


def in_turn(steps: Sequence[Step]) -> list[Step]:
    """The steps, so that those of one process are far apart: it starts again while others are struck."""
    by_process: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        by_process[step.place.partition(".")[0]].append(step)
    return [step for some in zip_longest(*by_process.values()) for step in some if step is not None]


async def one_by_one(trial: Trial, tell: Callable[[str], None]) -> dict[Step, float]:
    """Have each step's fault happen while orders go on; how many seconds after it all was well again.

    Raises:
        TimeoutError: nobody came to a step, or nothing went on after its fault.
    """

    async def strike() -> dict[Step, float]:
        took: dict[Step, float] = {}
        for step in STEPS:
            took[step] = await trial.recovered(await struck(trial, step), RECOVERED_WITHIN_S)
            tell(f"{step}: well again after {took[step]:.2f} s")
        return took

    took: dict[Step, float] = await trial.during(strike)
    return took


async def struck(trial: Trial, step: Step) -> float:
    """Have one step's fault happen; the instant at which it did.

    Raises:
        TimeoutError: nobody came there.
    """
    trial.system.arm(step.place, step.fault)
    about_holds = step.place.startswith(ABOUT_HOLDS)
    deadline = time.monotonic() + HIT_WITHIN_S
    while not await _is_hit(trial.system, step.place, ASKED_ABOUT_WITHIN_S if about_holds else HIT_WITHIN_S):
        if time.monotonic() > deadline:
            raise TimeoutError(f"nobody came to {step.place}")
        await _leave_a_hold_behind(trial)
    return time.monotonic()


async def _leave_a_hold_behind(trial: Trial) -> None:
    """A customer goes away after product held its stock, as far as that can be seen from here, and never comes back."""
    async with asyncio.timeout(HIT_WITHIN_S):
        left = False
        while not left:
            trial.system.arm(HOLDS_PLACE, LOSE)
            left = await trial.canary.leave_a_basket()
    trial.system.disarm(HOLDS_PLACE)


async def _is_hit(system: System, place: str, within_s: float) -> bool:
    """Whether some process comes to a place."""
    deadline = time.monotonic() + within_s
    while not (hit := system.was_hit(place)) and time.monotonic() < deadline:  # noqa: ASYNC110  # news from afar
        await asyncio.sleep(LOOK_EVERY_S)
    return hit
