"""How long drills are, and by which seed: short with every run, long at night (`CONTRIBUTING.md`)."""

import os

SEED = int(os.environ.get("TEST_CHAOS_SEED", "7"))
SECONDS = float(os.environ.get("TEST_CHAOS_S", "20"))
RATE = float(os.environ.get("TEST_CHAOS_RATE", "25"))
FREEZE_S = float(os.environ.get("TEST_CHAOS_FREEZE_S", "3"))
LINE_S = 0.5
STEPS_RATE = min(RATE, 10.0)  # a step needs one order to come to it
EVERY_S = float(os.environ.get("TEST_CHAOS_EVERY_S", "2"))
LONG = SECONDS >= 60  # a minute is long


def again(file: str) -> str:
    """The line that plays the same schedule once more."""
    lasting = f"TEST_CHAOS_S={SECONDS:g} TEST_CHAOS_EVERY_S={EVERY_S:g} TEST_CHAOS_FREEZE_S={FREEZE_S:g}"
    return f"TEST_CHAOS_SEED={SEED} TEST_CHAOS_RATE={RATE:g} {lasting} ./run test tests/chaos/{file}"
