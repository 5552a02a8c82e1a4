"""Long drills that came to a clean end, one of each placement: kept in `drills.json`, for the page."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.chaos.layouts import FOUR
from tests.chaos.profile import EVERY_S, FREEZE_S, SECONDS, SEED

KEPT = Path(__file__).with_name("drills.json")
WRITES = "TEST_WRITE_DRILLS" in os.environ


@dataclass(frozen=True, slots=True)
class Drill:
    """What a drill came to in which the oracle found nothing, and no client got an answer that it should not."""

    split: str | None
    seed: int
    seconds: float
    every_s: float
    longest_s: float
    faults: int
    asked: int
    placed: int
    refused: int
    recovered_s: float


def came_to(split: str | None, outcome: Mapping[str, Any]) -> None:
    """Say what a clean drill came to; keep it, where that is wanted."""
    asked, placed, refused = (outcome[name] for name in ("asked", "placed", "refused"))
    faults, recovered_s = outcome["strikes"], round(outcome["recovered_s"], 1)
    drill = Drill(split, SEED, SECONDS, EVERY_S, FREEZE_S, faults, asked, placed, refused, recovered_s)
    print(drill)  # noqa: T201  # with `-s`
    if WRITES:
        others = [one for one in kept() if _rank(one) != _rank(drill)]
        drills = sorted([*others, drill], key=_rank)
        KEPT.write_text(json.dumps([asdict(one) for one in drills], indent=2) + "\n")


def _rank(drill: Drill) -> int:
    """Where it comes on the page: four processes first, then whatever the seed chose, then one."""
    return {FOUR: 0, None: 2}.get(drill.split, 1)


def kept() -> list[Drill]:
    """The drills that were kept, the one with the most processes first."""
    return [Drill(**one) for one in json.loads(KEPT.read_text())] if KEPT.exists() else []
