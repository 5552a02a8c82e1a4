"""`waybill up --carrier simulated`: parcels go their way by themselves, and nobody else's do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.processes import until
from tests.system.journey import travellers
from tests.system.ports import free_port, some_ports, words
from tests.system.running import Running, started

QUICK = {"WAYBILL_CARRIERS__STEP_S": "0.05"}
SPLIT = "auth+product,sales,delivery"
FATES: Mapping[str, tuple[Mapping[str, str], str]] = {
    "all arrive": ({"WAYBILL_CARRIERS__FAILED": "0", "WAYBILL_CARRIERS__RETURNED": "0"}, "delivered"),
    "all come back": ({"WAYBILL_CARRIERS__FAILED": "0", "WAYBILL_CARRIERS__RETURNED": "1"}, "returned"),
}


async def packed(system: Running) -> str:
    """A new order, packed by the warehouse."""
    async with travellers(system) as them:
        order: str = (await them["shop"].order(None, TEA=2)).json()["id"]
    (shipment,) = until(lambda: system.ask("shipment", "list", "--order", order))
    system.ask("shipment", "advance", shipment["id"], "packed")
    return order


def ended(system: Running, order: str, status: str) -> Any:
    shown = system.ask("order", "show", order)
    return shown if shown["order"]["status"] == status else None


@pytest.mark.parametrize(
    ("fate", "split"),
    [("all arrive", None), ("all come back", SPLIT)],
    ids=["all arrive, in one process", "all come back, in three"],
)
async def test_a_packed_parcel_goes_all_its_way_by_itself(fate: str, split: str | None, tmp_path: Path) -> None:
    environment, status = FATES[fate]
    wanted = () if split is None else ("--split", split, "--ports", words(some_ports(split)))
    with started(tmp_path / "data", free_port(), "--carrier", "simulated", *wanted, **QUICK, **environment) as system:
        order = await packed(system)
        shown = until(lambda: ended(system, order, status))
    assert [parcel["carrier"] for parcel in shown["order"]["shipments"]] == ["simulated"]
    assert "shipped" in [step["to"] for step in shown["history"]]
