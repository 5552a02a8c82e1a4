"""Faults one by one: at each named step a process dies or loses an answer, and all else that can strike strikes, too."""

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import zip_longest

import httpx

from app.chaos.fault import BACK_WITHIN_S, befall
from app.chaos.schedule import Strike
from app.chaos.steps import ABOUT_HOLDS, Step
from app.chaos.system import LOOK_EVERY_S, System
from app.chaos.trial import Trial
from app.failpoints import KILL, LOSE

HIT_WITHIN_S = 90.0
ASKED_ABOUT_WITHIN_S = 4.0
READY_WITHIN_S = 1.0
HOLDS_PLACE = "sales.after_availability"


@dataclass(frozen=True, slots=True)
class Recovery:
    """How many seconds after a fault, or its end, all was well again; and its process there again, where it died."""

    well_s: float
    back_s: float | None = None

    def __str__(self) -> str:
        back = "" if self.back_s is None else f" ({self.back_s:.1f} s)"
        return f"{self.well_s:.1f} s{back}"


async def all_of_them(trial: Trial, steps: Sequence[Step], tell: Callable[[str], None]) -> None:
    """Have each step's fault happen while orders go on, the next as soon as one has, and see that all is well after all.

    Raises:
        TimeoutError: nobody came to a step, or nothing went on after the last.
    """
    for step in in_turn(steps):
        await struck(trial, step)
        tell(str(step))
    await trial.recovered(time.monotonic(), BACK_WITHIN_S)


def in_turn(steps: Sequence[Step]) -> list[Step]:
    """The steps, so that those of one process are far apart: it starts again while others are struck."""
    by_process: dict[str, list[Step]] = defaultdict(list)
    for step in steps:
        by_process[step.module].append(step)
    return [step for some in zip_longest(*by_process.values()) for step in some if step is not None]


async def one_by_one(trial: Trial, steps: Sequence[Step], tell: Callable[[str], None]) -> dict[Step, Recovery]:
    """Have each step's fault happen while orders go on, and wait until all is well again.

    Raises:
        TimeoutError: nobody came to a step, or nothing went on after its fault.
    """
    took: dict[Step, Recovery] = {}
    for step in steps:
        before = trial.system.pid(step.module)
        since = await struck(trial, step)
        back = asyncio.create_task(_replaced(trial.system, step.module, before)) if step.fault == KILL else None
        well_s = await trial.recovered(since, BACK_WITHIN_S)
        took[step] = Recovery(well_s, None if back is None else await back - since)
        tell(f"{step}: {took[step]}")
    return took


async def by_themselves(trial: Trial, strikes: Sequence[Strike], tell: Callable[[str], None]) -> dict[Strike, Recovery]:
    """Have each fault strike and end while orders go on, and wait until all is well again.

    Raises:
        TimeoutError: nothing went on after one.
    """
    took: dict[Strike, Recovery] = {}
    for strike in strikes:
        await befall(trial.system, strike)
        took[strike] = Recovery(await trial.recovered(time.monotonic(), BACK_WITHIN_S))
        tell(f"{strike.kind} {strike.what}: {took[strike]}")
    return took


async def by_turns(trial: Trial, strikes: Sequence[Strike]) -> None:
    """Have each fault strike and end while orders go on, the next at once, and see that all is well after all.

    Raises:
        TimeoutError: nothing went on after the last.
    """
    for strike in strikes:
        await befall(trial.system, strike)
    await trial.recovered(time.monotonic(), BACK_WITHIN_S)


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


async def _replaced(system: System, module: str, before: int | None) -> float:
    """The instant at which another process hosts a module than `before`, and says that it is ready."""
    async with httpx.AsyncClient(base_url=system.run.url(module), trust_env=False) as http:
        while system.pid(module) in {None, before} or not await _is_ready(http):  # noqa: ASYNC110  # news from afar
            await asyncio.sleep(LOOK_EVERY_S)
    return time.monotonic()


async def _is_ready(http: httpx.AsyncClient) -> bool:
    """Whether a process says that it can do its part."""
    try:
        return (await http.get("/health/ready", timeout=READY_WITHIN_S)).is_success
    except httpx.TransportError:
        return False
