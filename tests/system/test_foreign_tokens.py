"""A customer reaches nothing of another's: by no way in, with no id, cursor, version, key or stream."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from app.operator import operating
from tests.system.foreign_walk import grounds, the_walk
from tests.system.parties import TIMEOUT_S
from tests.system.partitions import MODULES
from tests.system.ports import free_port, some_ports, words
from tests.system.running import started

LAYOUTS = {"one process": None, "four processes": ",".join(MODULES)}


@pytest.mark.parametrize("split", LAYOUTS.values(), ids=LAYOUTS)
async def test_a_stranger_reaches_nothing_of_a_customers_by_any_way_in(
    split: str | None, tmp_path: Path, dsn_of: Callable[[str], str]
) -> None:
    given = {f"WAYBILL_DATABASES__{module.upper()}": dsn_of(module) for module in MODULES}
    given["WAYBILL_LIMITS__ENABLED"] = "false"  # what is refused for haste has tried no door
    wanted = () if split is None else ("--split", split, "--ports", words(some_ports(split)))
    async with AsyncExitStack() as stack:
        system = stack.enter_context(started(tmp_path / "data", free_port(), *wanted, **given))
        operator = await stack.enter_async_context(operating(system.data))
        services = {
            module: await stack.enter_async_context(
                httpx.AsyncClient(base_url=system.run.url(module), timeout=TIMEOUT_S)
            )
            for module in MODULES
        }

        await the_walk(await grounds(operator, services))
