"""Which fault strikes when: chosen by a seed, so that a run can be played again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Generic, TypeVar

from app.chaos.lines import REDIS
from app.chaos.link import FAULTS
from app.chaos.steps import ABOUT_HOLDS, STEPS
from app.failpoints import KILL

POSTGRES = "postgres"
AHEAD, BEHIND = "ahead", "behind"
STEP = "step"
_C = TypeVar("_C")


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


class _Deck(Generic[_C]):
    """Cards that come in any order and are shuffled again when all were drawn, so that each of them comes."""

    def __init__(self, chance: random.Random, cards: Sequence[_C]) -> None:
        self._chance = chance
        self._cards = cards
        self._left: list[_C] = []

    def draw(self) -> _C:
        """The next card."""
        if not self._left:
            self._left = self._chance.sample(self._cards, len(self._cards))
        return self._left.pop()


def schedule(
    seed: int,
    seconds: float,
    every_s: float,
    modules: Sequence[str],
    longest_freeze_s: float,
    *,
    small_disk: bool = False,
) -> list[Strike]:
    """Strikes about `every_s` seconds apart, none in the last tenth: what was struck is to come back under load.

    `modules` are those that are in different processes, one of each process; a `small_disk` is one that can be full.
    """
    chance = random.Random(seed)  # noqa: S311  # to be played again, not to be kept secret
    faults = {
        kind: (weight, _Deck(chance, cards))
        for kind, (weight, cards) in _faults(modules, small_disk=small_disk).items()
    }
    kinds = _Deck(chance, [kind for kind, (weight, _) in faults.items() for _ in range(weight)])
    strikes = []
    at_s = every_s
    while at_s < seconds * 0.9:
        does, what, lasts = faults[kinds.draw()][1].draw()
        strikes.append(Strike(at_s, does, what, chance.uniform(0.2, longest_freeze_s) if lasts else 0.0))
        at_s += chance.uniform(0.5, 1.5) * every_s
    return strikes


def singles(modules: Sequence[str], lasts_s: float, *, small_disk: bool = False) -> list[Strike]:
    """Everything that strikes at no named step, each thing once."""
    kinds = _faults(modules, small_disk=small_disk)
    cards = [card for kind, (_, cards) in kinds.items() if kind != STEP for card in cards]
    return [Strike(0.0, does, what, lasts_s if lasts else 0.0) for does, what, lasts in cards]


def _faults(modules: Sequence[str], *, small_disk: bool) -> dict[str, tuple[int, list[tuple[str, str, bool]]]]:
    """Each kind of fault: how often it comes, and all that it may be: what is done, to whom, and whether it lasts."""
    split = len(modules) > 1
    victims = [*modules, POSTGRES, *([REDIS] if split else [])]
    steps = [step for step in STEPS if not step.place.startswith(ABOUT_HOLDS)]
    kinds = {
        "kill": (4, [("kill", victim, False) for victim in victims]),
        "freeze": (2, [("freeze", victim, True) for victim in victims]),
        STEP: (3, [("kill at" if step.fault == KILL else "lose at", step.place, False) for step in steps]),
        "again": (1, [("again", "events", False)]),
        "clock": (1, [(way, module, True) for way, module in product((AHEAD, BEHIND), modules)]),
    }
    if split:
        kinds["empty"] = (1, [("empty", REDIS, False)])
        kinds["line"] = (4, [(fault, name, True) for fault, name in product(FAULTS, (REDIS, *modules))])
    if small_disk:
        kinds["disk"] = (1, [("fill", "disk", True)])
    return kinds
