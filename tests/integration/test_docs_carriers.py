"""The page about carriers: its example works on a real socket, and what it says of bounds is so."""

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from app.carriers import signers
from app.settings import load_settings
from app.settings.sections import Carriers
from modules.delivery import api, model
from modules.delivery.model import REPORTED
from modules.delivery.model.signature import TOLERANCE
from modules.delivery.model.update import AHEAD, KEPT, LATEST, MAX_WAITING
from modules.delivery.port import StatusReport
from tests.contract.served import hosting, listening
from tests.integration.events.parcels import placed
from tests.integration.events.whole import Whole
from tests.integration.events.whole_fixture import whole, whole_databases
from tests.integration.http_world import MONOLITH
from tests.support.carrier import GIVEN, SECRET
from tests.unit.settings_world import ENV

__all__ = ["whole", "whole_databases"]

PAGE = (Path(__file__).parents[2] / "docs" / "carriers.md").read_text(encoding="utf-8")


async def test_the_example_is_heard(whole: Whole) -> None:
    (text,) = re.findall(r"^```python\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
    order_id = await placed(whole, "packed")
    report = StatusReport("dispatched", carrier="GLS", tracking_code="G-1")
    await whole.container.delivery().report("warehouse", await whole.shipment(order_id), report)
    given = signers(load_settings(MONOLITH, ENV | GIVEN).carrier_secrets)
    routes = api.carrier_routes(whole.container.hearing(), given, whole.container.clock())
    async with listening(hosting(routes)) as url:
        names: dict[str, Any] = {"api": url, "secret": SECRET, "tracking_code": "G-1"}
        names["at"] = datetime.now(UTC).isoformat()
        await asyncio.to_thread(exec, compile(text, "example", "exec"), names)
    answer = names["answer"]
    assert (answer.status_code, answer.json()["outcome"]) == (200, "applied"), answer.text
    view = await whole.container.delivery().shipment(await whole.shipment(order_id))
    assert (view.status, view.history[-1].note) == ("in_transit", "Left Leipzig.")


def test_what_the_page_says_of_bounds_is_so() -> None:
    said = " ".join(PAGE.split())
    assert f"up to {LATEST.days} days ago, and {AHEAD.seconds // 60} minutes ahead at most" in said
    assert f"more than {TOLERANCE.seconds // 60} minutes from now, in either direction" in said
    assert f"{MAX_WAITING} updates of this parcel wait already" in said
    assert f"remembered for {KEPT.days} days" in said
    assert KEPT > LATEST
    assert all(f"`{status}`" in PAGE for status in REPORTED)
    assert all(f"| `{word}` |" in PAGE for word in (model.APPLIED, model.WAITING, model.PAST, model.IMPOSSIBLE))
    known = Carriers()
    for name in ("step_s", "failed", "returned", "seed"):
        assert re.search(rf"`WAYBILL_CARRIERS__{name.upper()}` \|[^|]*\({getattr(known, name):g}\)", PAGE), name
