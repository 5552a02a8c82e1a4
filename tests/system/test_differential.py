"""One trace on one process and on four: the same answers, the same rows, the same events."""

import difflib
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

from tests.support.carrier import GIVEN
from tests.system.partitions import MODULES
from tests.system.ports import free_port, some_ports, words
from tests.system.running import started
from tests.system.trace_played import recorded

FOUR = ",".join(MODULES)
SHOWN = 200  # lines: one id too many gives all that follow another number


async def _played(data: Path, split: str | None, dsn_of: Callable[[str], str]) -> list[str]:
    databases = {module: dsn_of(module) for module in MODULES}
    environment = {f"WAYBILL_DATABASES__{module.upper()}": dsn for module, dsn in databases.items()}
    environment |= GIVEN | {"WAYBILL_LOG__LEVEL": "WARNING", "WAYBILL_HOLDS__TTL_S": "600"}
    wanted = () if split is None else ("--split", split, "--ports", words(some_ports(split)))
    with started(data, free_port(), *wanted, **environment) as system:
        return await recorded(system, databases)


def difference(one: Sequence[str], other: Sequence[str]) -> str:
    """What differs, each under the request or the table that it belongs to; the first of it is what to look at."""
    found = difflib.unified_diff(_placed(one), _placed(other), "in one process", "in four", n=1, lineterm="")
    return "\n".join(islice(found, SHOWN))


def _placed(lines: Sequence[str]) -> list[str]:
    placed, heading = [], ""
    for line in lines:
        heading = line.removeprefix("# ") if line.startswith("# ") else heading
        placed.append(f"{heading}: {line}")
    return placed


async def test_one_process_and_four_give_the_same_answers_rows_and_events(
    tmp_path: Path, dsn_of: Callable[[str], str]
) -> None:
    one = await _played(tmp_path / "one", None, dsn_of)
    four = await _played(tmp_path / "four", FOUR, dsn_of)

    assert not (found := difference(one, four)), found
