"""Each guard of calls between processes: with it the promise holds, without it the promise's test is red."""

import pytest

from tests.contract.abroad import Abroad
from tests.sabotage.distance_guards import DISTANCE
from tests.sabotage.guards import Guard, breaks, keeps

every_guard = pytest.mark.parametrize("promised", DISTANCE, ids=str)


async def nothing_more(_abroad: Abroad) -> None:
    """The test says it all."""


@every_guard
async def test_with_its_guard_a_promise_holds(
    promised: Guard[Abroad], abroad: Abroad, monkeypatch: pytest.MonkeyPatch
) -> None:
    await keeps(promised, abroad, nothing_more, monkeypatch)


@every_guard
async def test_without_its_guard_a_promise_is_seen_broken(
    promised: Guard[Abroad], abroad: Abroad, monkeypatch: pytest.MonkeyPatch
) -> None:
    await breaks(promised, abroad, nothing_more, monkeypatch)
