"""Each guard of leaving: with it the promise holds, without it the promise's test is red."""

import pytest

from tests.integration.leaving_world import Leaver, leaver
from tests.sabotage.guards import Guard, breaks, keeps
from tests.sabotage.leaving_guards import LEAVING

__all__ = ["leaver"]

every_guard = pytest.mark.parametrize("promised", LEAVING, ids=str)


async def nothing_more(_leaver: Leaver) -> None:
    """The test says it all."""


@every_guard
async def test_with_its_guard_a_promise_holds(
    promised: Guard[Leaver], leaver: Leaver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keeps(promised, leaver, nothing_more, monkeypatch)


@every_guard
async def test_without_its_guard_a_promise_is_seen_broken(
    promised: Guard[Leaver], leaver: Leaver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await breaks(promised, leaver, nothing_more, monkeypatch)
