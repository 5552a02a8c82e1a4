"""Guards taken away from the whole system, one at a time: the model must live a life in which the modules disagree."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from modules.kernel import inbox
from modules.kernel.ids import HoldId
from modules.sales.port import Settlement
from modules.sales.service import SalesService
from tests.integration.model.machine import SystemMachine
from tests.integration.model.test_stateful_model import LIVES, machine
from tests.integration.model.test_stateful_model import (
    test_whatever_happens_the_modules_agree_and_nothing_is_oversold as promised,
)
from tests.sabotage.guards import seen_red

__all__ = ["machine"]

SOON = 1  # with which such a life comes soon; any other finds one as well, within a minute
UNTIL_THE_FIRST = settings(LIVES, phases=[Phase.generate], report_multiple_bugs=False)


def _lives_until(machine: type[SystemMachine], what: str) -> None:
    """Some life goes wrong, for the reason that is known."""
    seed(SOON)(machine)
    with pytest.raises(AssertionError, match=what):
        run_state_machine_as_test(machine, settings=UNTIL_THE_FIRST)


@seen_red(
    "P3", "an event that comes before its time is parked, in whatever life", test=promised, red="… which still needs …"
)
def test_without_parking_an_event_that_comes_too_early_is_lost_to_the_order(
    machine: type[SystemMachine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What comes too early is handled at once."""
    sort_out = inbox.sort_out

    def at_once(events: Any, cursors: Any, *, parked: bool = False) -> Any:
        fresh, early, moved = sort_out(events, cursors, parked=parked)
        for event in early:
            key = (event.source, event.subject)
            moved = {**moved, key: max(moved.get(key, 0), event.sequence)}
        return [*fresh, *early], [], moved

    monkeypatch.setattr(inbox, "sort_out", at_once)
    _lives_until(machine, "which still needs")


@seen_red("P2", "sales decides what a hold was, in whatever life", test=promised, red="… which still needs …")
def test_with_every_hold_called_void_orders_are_left_without_stock(
    machine: type[SystemMachine], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settle calls every hold void, and writes nothing."""

    async def all_void(_self: SalesService, hold_ids: Sequence[HoldId]) -> Sequence[Settlement]:
        return [Settlement.VOID for _ in hold_ids]

    monkeypatch.setattr(SalesService, "settle", all_void)
    _lives_until(machine, "which still needs")
