"""Long drills that came to a clean end, one of each placement: kept in `drills.json`, for the page."""

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tests.chaos.profile import SECONDS, SEED

KEPT = Path(__file__).with_name("drills.json")
WRITES = "TEST_WRITE_DRILLS" in os.environ


@dataclass(frozen=True, slots=True)
class Drill:
    """What a drill came to in which the oracle found nothing, and no client got an answer that it should not."""

    split: str | None
    seed: int
    seconds: float
    faults: int
    asked: int
    placed: int
    refused: int
    recovered_s: float


def came_to(split: str | None, outcome: Mapping[str, Any]) -> None:
    """Say what a clean drill came to; keep it, where that is wanted."""
    asked, placed, refused = (outcome[name] for name in ("asked", "placed", "refused"))
    drill = Drill(split, SEED, SECONDS, outcome["strikes"], asked, placed, refused, round(outcome["recovered_s"], 1))
    print(drill)  # noqa: T201  # with `-s`
    if WRITES:
        others = [one for one in kept() if one.split != split]
        drills = sorted([*others, drill], key=lambda one: (one.split or "").count(","), reverse=True)
        KEPT.write_text(json.dumps([asdict(one) for one in drills], indent=2) + "\n")


def kept() -> list[Drill]:
    """The drills that were kept, the one with the most processes first."""
    return [Drill(**one) for one in json.loads(KEPT.read_text())] if KEPT.exists() else []
