"""The page of the state machines draws every step of the tables once."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from modules.delivery.model import STEPS as SHIPMENT
from modules.product.model import HOLD_STEPS as HOLD
from modules.sales.model import OF_PART
from modules.sales.model import STEPS as ORDER

TEXT = Path(__file__).parents[2].joinpath("docs", "state-machines.md").read_text(encoding="utf-8")
DRAWN = re.findall(r"```mermaid\nstateDiagram-v2\n(.*?)\n```", TEXT, re.DOTALL)
ARROW = re.compile(r"    (\[\*\]|[a-z_]+) --> (\[\*\]|[a-z_]+)( : [a-z ]+)?")


@pytest.mark.parametrize(("place", "steps"), [(0, ORDER), (1, SHIPMENT), (2, HOLD)], ids=["order", "shipment", "hold"])
def test_a_drawing_has_exactly_the_steps_of_its_table(place: int, steps: Mapping[str, Sequence[str]]) -> None:
    arrows = [ARROW.fullmatch(line) for line in DRAWN[place].splitlines()]
    drawn = [(arrow[1], arrow[2]) for arrow in arrows if arrow]

    assert len(drawn) == len(arrows)
    assert sorted(drawn) == sorted(
        [
            ("[*]", next(iter(steps))),
            *((before, after) for before, ways in steps.items() for after in ways),
            *((status, "[*]") for status, ways in steps.items() if not ways),
        ]
    )


def test_there_are_three_drawings() -> None:
    assert len(DRAWN) == 3


def test_the_page_says_of_every_pair_of_parcels_what_it_makes_of_the_order() -> None:
    told = {frozenset(pair[:2]): pair[2] for pair in re.findall(r"\| `(\w+)` \| `(\w+)` \| `(\w+)` \|", TEXT)}
    kinds = [{one, other} for one in OF_PART for other in OF_PART if OF_PART[one] != OF_PART[other]]

    assert all(frozenset(pair) in told for pair in kinds)
    assert set(told.values()) <= set(ORDER)
