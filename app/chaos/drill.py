"""A drill: faults by a schedule, while a customer orders and a warehouse ships, and the verdict in the end."""

import asyncio
import random
import signal
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from app.chaos.link import PASSES
from app.chaos.oracle import Verdict
from app.chaos.schedule import Strike
from app.chaos.system import System
from app.chaos.trial import ACTOR, Trial
from app.failpoints import KILL, LOSE
from app.operator import assembled
from modules.kernel.errors import Unavailable

TOLD_AGAIN = 50
BACK_WITHIN_S = 60.0
LONGEST_FREEZE_S = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a drill came to."""

    strikes: int
    asked: int
    placed: int
    refused: int
    faults_answered: int
    recovered_s: float
    verdict: Verdict


async def drill(
    trial: Trial, strikes: Sequence[Strike], seconds: float, rate: float, tell: Callable[[str], None]
) -> Outcome:
    """Play the schedule, wait until all is back, and compare."""

    async def strike_on() -> float:
        begun = time.monotonic()
        async with asyncio.TaskGroup() as lasting:
            for strike in strikes:
                await asyncio.sleep(max(0.0, begun + strike.at_s - time.monotonic()))
                tell(str(strike))
                lasting.create_task(_befall(trial, strike))
        await asyncio.sleep(max(0.0, begun + 0.9 * seconds - time.monotonic()))
        for strike in strikes:
            trial.system.disarm(strike.what)
        recovered_s = await trial.recovered(time.monotonic(), BACK_WITHIN_S)
        await asyncio.sleep(max(0.0, begun + seconds - time.monotonic()))
        return recovered_s

    recovered_s = await trial.during(strike_on, rate)
    verdict = await trial.verdict()
    told = trial.customer.told
    return Outcome(
        len(strikes), len(told.wanted), len(told.placed), len(told.refused), trial.faults_answered, recovered_s, verdict
    )


async def _befall(trial: Trial, strike: Strike) -> None:
    system = trial.system
    match strike.kind:
        case "kill at" | "lose at":
            system.arm(strike.what, KILL if strike.kind == "kill at" else LOSE)
        case "kill" if strike.what == "redis" and system.broker is not None:
            await asyncio.to_thread(system.broker.kill)
        case "kill":
            system.send(strike.what, signal.SIGQUIT if strike.what == "postgres" else signal.SIGKILL)
        case "freeze":
            await _freeze(system, strike)
        case "line" if system.broker is not None:
            system.broker.link.mode = strike.what
            await asyncio.sleep(strike.for_s)
            system.broker.link.mode = PASSES
        case "again":
            await _tell_again(system, strike)


async def _freeze(system: System, strike: Strike) -> None:
    if strike.what == "redis" and system.broker is not None:
        system.broker.send(signal.SIGSTOP)
        await asyncio.sleep(strike.for_s)
        system.broker.send(signal.SIGCONT)
        return
    pid = system.pid(strike.what)
    system.send(strike.what, signal.SIGSTOP)
    await asyncio.sleep(strike.for_s)
    if system.pid(strike.what) == pid:  # else it was killed meanwhile, and another one runs
        system.send(strike.what, signal.SIGCONT)


async def _tell_again(system: System, strike: Strike) -> None:
    """Have events of some orders go out once more, in whatever order."""
    try:
        async with assembled(system.data) as container:
            orders = [one.id for one in await container.orders().facts(None, 5000)]
            chosen = random.Random(strike.at_s).sample(orders, min(TOLD_AGAIN, len(orders)))  # noqa: S311
            await container.delivery().tell_again(ACTOR, chosen)
            await container.orders().tell_again(ACTOR, chosen)
    except Unavailable:
        return  # another fault is in the way
