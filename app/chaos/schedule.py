"""Which fault strikes when: chosen by a seed, so that a run can be played again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from app.chaos.link import CUT, SLOW, TALKS_RUBBISH
from app.chaos.steps import ABOUT_HOLDS, STEPS
from app.failpoints import KILL

KINDS = ("kill", "freeze", "step", "again", "line")
WEIGHTS = (4, 2, 3, 1, 3)
SERVERS = ("postgres", "redis")
LINE = (CUT, SLOW, TALKS_RUBBISH)


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault: `kind` befalls `what` at `at_s`, and, where it lasts, for `for_s`."""

    at_s: float
    kind: str
    what: str
    for_s: float = 0.0

    def __str__(self) -> str:
        lasting = f" for {self.for_s:.1f} s" if self.for_s else ""
        return f"{self.at_s:6.1f} s  {self.kind} {self.what}{lasting}"


def schedule(
    seed: int, seconds: float, every_s: float, modules: Sequence[str], longest_freeze_s: float
) -> list[Strike]:
    """Strikes about `every_s` seconds apart, none in the last tenth: what was struck is to come back under load.

    `modules` are those that are in different processes, one of each process.
    """
    chance = random.Random(seed)  # noqa: S311  # to be played again, not to be kept secret
    split = len(modules) > 1
    victims = [*modules, *(SERVERS if split else SERVERS[:1])]
    steps = [step for step in STEPS if not step.place.startswith(ABOUT_HOLDS)]
    strikes = []
    at_s = every_s
    while at_s < seconds * 0.9:
        kind = chance.choices(KINDS[: None if split else -1], WEIGHTS[: None if split else -1])[0]
        if kind == "step":
            step = chance.choice(steps)
            strikes.append(Strike(at_s, "kill at" if step.fault == KILL else "lose at", step.place))
        elif kind == "freeze":
            strikes.append(Strike(at_s, kind, chance.choice(victims), chance.uniform(0.5, longest_freeze_s)))
        elif kind == "line":
            strikes.append(Strike(at_s, kind, chance.choice(LINE), chance.uniform(0.2, longest_freeze_s)))
        else:
            strikes.append(Strike(at_s, kind, chance.choice(victims) if kind == "kill" else "events"))
        at_s += chance.uniform(0.5, 1.5) * every_s
    return strikes
