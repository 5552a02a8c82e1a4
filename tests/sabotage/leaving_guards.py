"""What lets a process leave without anybody's loss, taken away one at a time."""

from collections.abc import Callable

import pytest

from app.departure import Departure
from app.http import middleware
from modules.web import sse
from modules.web.leaving import never
from tests.integration import test_leaving as promises
from tests.integration.leaving_world import Leaver
from tests.sabotage.guards import Guard, guard

LEAVING: list[Guard[Leaver]] = []


@guard(
    LEAVING,
    "P6",
    "notice before closing",
    test=promises.test_a_process_that_leaves_is_seen_to_before_it_closes,
    red="it closes before anybody could see that it leaves",
)
async def notice(_leaver: Leaver, patch: pytest.MonkeyPatch) -> None:
    """Told to stop, it closes at once."""

    def at_once(departure: Departure, close: Callable[[], object]) -> None:
        departure._begun = True
        close()

    patch.setattr(Departure, "begin", at_once)


@guard(
    LEAVING,
    "P6",
    "who leaves is not ready",
    test=promises.test_a_process_that_leaves_is_seen_to_before_it_closes,
    red="it says that it is ready until it closes",
)
async def readiness(leaver: Leaver, _patch: pytest.MonkeyPatch) -> None:
    """Its readiness goes by its databases alone."""
    leaver.leaving = never


@guard(
    LEAVING,
    "P6",
    "who leaves keeps no connection",
    test=promises.test_each_answer_of_a_process_that_leaves_sends_its_caller_elsewhere,
    red="its callers stay with it",
)
async def elsewhere(_leaver: Leaver, patch: pytest.MonkeyPatch) -> None:
    """Its answers leave their connections open: the next request is under way when they are closed."""
    patch.setattr(middleware, "ELSEWHERE", (b"x-nothing", b"said"))


@guard(
    LEAVING,
    "P6",
    "what is in hand is waited for",
    test=promises.test_what_is_in_hand_is_answered_before_a_process_ends,
    red="a request that was taken on was cut short",
)
async def patience(leaver: Leaver, _patch: pytest.MonkeyPatch) -> None:
    """What is not answered when it closes is cut off."""
    leaver.settings["timeout_graceful_shutdown"] = 0


@guard(
    LEAVING,
    "P6",
    "streams end when their process leaves",
    test=promises.test_a_stream_ends_cleanly_when_its_process_leaves,
    red="a stream holds up the process that it comes from",
)
async def streams(_leaver: Leaver, patch: pytest.MonkeyPatch) -> None:
    """They go on until they are cut."""
    patch.setattr(sse, "LEAVING", "nobody says so")
