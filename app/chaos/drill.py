"""A drill: faults by a schedule, while a customer orders and a warehouse ships, and the verdict in the end."""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.chaos.fault import BACK_WITHIN_S, befall
from app.chaos.oracle import Verdict
from app.chaos.schedule import Strike
from app.chaos.trial import Trial

STUCK = "Nothing went on for a minute after the last fault had ended, or orders got no answer."


class Stuck(Exception):
    """The system does not come back: there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a drill came to. `faults_answered` counts what no client should ever be told."""

    strikes: int
    asked: int
    placed: int
    refused: int
    faults_answered: int
    recovered_s: float
    verdict: Verdict

    @property
    def faults(self) -> tuple[str, ...]:
        """Everything that is not as promised, a sentence each."""
        answered = f"{self.faults_answered} answers were a 500, or a refusal that is no problem document"
        return (*self.verdict.faults, *([answered] if self.faults_answered else []))


async def drill(
    trial: Trial, strikes: Sequence[Strike], seconds: float, rate: float, tell: Callable[[str], None]
) -> Outcome:
    """Play the schedule, wait until all is back, and compare.

    Raises:
        Stuck: it does not come back.
    """

    async def strike_on() -> float:
        begun = time.monotonic()
        async with asyncio.TaskGroup() as lasting:
            for strike in strikes:
                await asyncio.sleep(max(0.0, begun + strike.at_s - time.monotonic()))
                tell(str(strike))
                lasting.create_task(befall(trial.system, strike))
        await asyncio.sleep(max(0.0, begun + 0.9 * seconds - time.monotonic()))
        for strike in strikes:
            trial.system.disarm(strike.what)
        recovered_s = await trial.recovered(time.monotonic(), BACK_WITHIN_S)
        await asyncio.sleep(max(0.0, begun + seconds - time.monotonic()))
        return recovered_s

    tell(f"orders come in; faults strike for {seconds:g} s")
    try:
        recovered_s = await trial.during(strike_on, rate)
    except ExceptionGroup as group:
        if group.split(TimeoutError)[1] is not None:
            raise
        raise Stuck(STUCK) from group
    tell("all faults are over; waiting until nothing moves any more")
    verdict = await trial.verdict()
    told = trial.customer.told
    return Outcome(
        len(strikes), len(told.wanted), len(told.placed), len(told.refused), trial.faults_answered, recovered_s, verdict
    )
