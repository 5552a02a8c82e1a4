"""Faults of all kinds, mixed, by a seed: nothing is lost, doubled or oversold, in any placement.

`TEST_CHAOS_SEED` plays another schedule; `TEST_CHAOS_S`, `TEST_CHAOS_RATE` and `TEST_CHAOS_FREEZE_S` a longer one.
"""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from app.chaos.drill import drill
from app.chaos.schedule import schedule
from app.chaos.system import started
from app.chaos.trial import opened
from tests.chaos.layouts import LAYOUTS, options, processes
from tests.system.partitions import ALL, MODULES

SEED = int(os.environ.get("TEST_CHAOS_SEED", "7"))
SECONDS = float(os.environ.get("TEST_CHAOS_S", "15"))
RATE = float(os.environ.get("TEST_CHAOS_RATE", "25"))
FREEZE_S = float(os.environ.get("TEST_CHAOS_FREEZE_S", "3"))
EVERY_S = 2.0
BETWEEN = [split for split, groups in ALL.items() if 1 < len(groups) < len(MODULES)]
SPLITS = {**LAYOUTS, "one chosen by the seed": random.Random(SEED).choice(BETWEEN)}  # noqa: S311


@pytest.mark.parametrize("layout", SPLITS)
async def test_whatever_strikes_nothing_is_lost_doubled_or_oversold(
    layout: str, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    split = SPLITS[layout]
    strikes = schedule(SEED, SECONDS, EVERY_S, processes(split), FREEZE_S)
    async with (
        started(tmp_path / "data", options(split), split=split is not None) as system,
        opened(system, SEED) as trial,
    ):
        outcome = await drill(trial, strikes, SECONDS, RATE, print)
    record_property("drill", str(outcome))
    assert outcome.verdict.faults == (), f"TEST_CHAOS_SEED={SEED}, {split}"
    assert outcome.strikes > 5
    assert outcome.placed > 0
    assert outcome.faults_answered == 0
