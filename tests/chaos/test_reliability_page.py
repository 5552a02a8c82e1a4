import re

from app.chaos.oracle import Verdict
from app.chaos.steps import STEPS
from tests.chaos.page import PAGE, written

TIME = re.compile(r"[0-9]+\.[0-9] s|Python [0-9.]+")


def test_the_committed_page_has_every_step_and_nothing_that_was_lost_doubled_or_oversold() -> None:
    none = Verdict((), (), (), (), ())
    promised = "".join(written(dict.fromkeys(STEPS, 0.0), none))
    assert TIME.sub("…", PAGE.read_text()) == TIME.sub("…", promised)
