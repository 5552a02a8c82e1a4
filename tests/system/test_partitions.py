"""The same journey, in all 15 ways to split four modules, with real processes."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.system.journey import the_whole_journey, travellers
from tests.system.partitions import ALL, MODULES
from tests.system.ports import free_port, some_ports, words
from tests.system.running import started


def test_there_are_fifteen_ways_to_split_four_modules() -> None:
    assert len(ALL) == 15
    assert all(sorted(sum(groups, ())) == sorted(MODULES) for groups in ALL.values())


@pytest.mark.parametrize("split", ALL)
async def test_the_whole_journey_is_the_same_in(split: str, tmp_path: Path, dsn_of: Callable[[str], str]) -> None:
    databases = {f"WAYBILL_DATABASES__{module.upper()}": dsn_of(module) for module in MODULES}
    wanted = ["--split", split, *(["--ports", words(some_ports(split))] if "," in split else [])]
    with started(tmp_path / "data", free_port(), *wanted, WAYBILL_LOG__LEVEL="WARNING", **databases) as system:
        assert [set(process.modules) for process in system.run.processes] == [set(group) for group in ALL[split]]
        async with travellers(system) as them:
            await the_whole_journey(them)
        errors = [line for line in system.log() if line["level"] in {"ERROR", "CRITICAL"}]
    assert not errors
