"""What a carrier's word comes to, wherever the shipment is."""

from datetime import UTC, datetime, timedelta

import pytest

from modules.delivery.model import REPORTED, STEPS, Taken, called, outcome

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
WAYS = {
    "pending": "pending",
    "packed": "pending packed",
    "dispatched": "pending packed dispatched",
    "in_transit": "pending packed dispatched in_transit",
    "delivered": "pending packed dispatched in_transit delivered",
    "failed": "pending packed dispatched failed",
    "returned": "pending packed dispatched failed returned",
    "cancelled": "pending cancelled",
}
COLUMNS, *ROWS = """
                packed      dispatched  in_transit  delivered   failed      returned
    pending     applied     waiting     waiting     waiting     waiting     waiting
    packed      past        applied     waiting     waiting     waiting     waiting
    dispatched  past        past        applied     waiting     applied     waiting
    in_transit  past        past        waiting     applied     applied     waiting
    delivered   past        past        past        past        impossible  applied
    failed      past        past        applied     waiting     waiting     applied
    returned    past        past        impossible  impossible  past        past
    cancelled   impossible  impossible  impossible  impossible  impossible  impossible
""".strip().splitlines()  # told by the carrier as having come after all that the warehouse knows
TABLE = {
    (here, told): cell
    for here, *cells in (row.split() for row in ROWS)
    for told, cell in zip(COLUMNS.split(), cells, strict=True)
}


def history(way: str, actor: str = "warehouse") -> list[Taken]:
    """A step an hour, the last at noon."""
    steps = way.split()
    return [
        Taken(step, NOON - timedelta(hours=len(steps) - 1 - place), actor if place else "sales")
        for place, step in enumerate(steps)
    ]


def test_the_table_has_a_cell_for_every_status_and_every_word() -> None:
    assert TABLE.keys() == {(here, told) for here in STEPS for told in REPORTED}
    assert WAYS.keys() == STEPS.keys()


@pytest.mark.parametrize(("here", "told"), TABLE)
def test_a_later_word_comes_to_what_the_table_says(here: str, told: str) -> None:
    later = NOON + timedelta(minutes=1)
    assert outcome(told, later, "carrier:gls", history(WAYS[here])) == TABLE[here, told]


@pytest.mark.parametrize(("here", "told"), TABLE)
def test_a_word_from_before_what_the_carrier_itself_has_told_is_past(here: str, told: str) -> None:
    if here != "pending":
        before = NOON - timedelta(minutes=1)
        assert outcome(told, before, "carrier:gls", history(WAYS[here], "carrier:gls")) == "past"


def test_the_clock_of_the_warehouse_takes_no_first_step_away_from_a_carrier() -> None:
    before = NOON - timedelta(hours=5)
    assert outcome("in_transit", before, "carrier:gls", history(WAYS["dispatched"])) == "applied"
    assert outcome("in_transit", before, "carrier:gls", history(WAYS["in_transit"])) == "past"


def test_the_same_instant_is_the_same_step_or_the_next_one() -> None:
    told = history(WAYS["dispatched"], "carrier:gls")
    assert outcome("dispatched", NOON, "carrier:gls", told) == "past"
    assert outcome("in_transit", NOON, "carrier:gls", told) == "applied"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("GLS", "gls"),
        ("gls", "gls"),
        ("DHL Express", "dhl_express"),
        (" DPD! ", "dpd"),
        ("by hand", "by_hand"),
        ("", ""),
    ],
)
def test_a_carrier_is_called_the_same_however_it_is_written(written: str, name: str) -> None:
    assert called(written) == name
