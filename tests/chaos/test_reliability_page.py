import re

from app.chaos.one_by_one import Recovery
from app.chaos.steps import STEPS
from app.failpoints import KILL
from tests.chaos.drills import kept
from tests.chaos.layouts import FOUR
from tests.chaos.page import ONE, PAGE, Took, faults, written
from tests.system.partitions import MODULES

TIME = re.compile(r"[0-9]+\.[0-9] s|Python [0-9.]+|load [0-9]+")


def _took(*modules: str) -> Took:
    steps = {step: Recovery(0.0, 0.0 if step.fault == KILL else None) for step in STEPS}
    return Took(steps, dict.fromkeys(faults(modules), Recovery(0.0)))


def test_the_committed_page_has_every_fault_and_nothing_that_was_lost_doubled_or_oversold() -> None:
    promised = "".join(written(_took(*MODULES), _took(*ONE)))
    assert TIME.sub("…", PAGE.read_text()) == TIME.sub("…", promised)


def test_a_long_drill_of_each_kind_of_placement_was_kept_with_a_hundred_faults_and_twenty_thousand_orders() -> None:
    drills = kept()
    assert [(drills[0].split, drills[-1].split, len(drills))] == [(FOUR, None, 3)]
    assert all(one.seconds >= 600 and one.faults >= 100 and one.placed >= 20_000 for one in drills)
