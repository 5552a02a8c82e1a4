"""The placements in which faults strike."""

from collections.abc import Mapping

from tests.system.partitions import MODULES
from tests.system.ports import free_port, some_ports, words

FOUR = ",".join(MODULES)
LAYOUTS: Mapping[str, str | None] = {"one process": None, "four processes": FOUR}


def options(split: str | None) -> list[str]:
    """The words of `up` that start a placement on free ports."""
    chosen = [] if split is None else ["--split", split, "--ports", words(some_ports(split))]
    return ["--port", str(free_port()), *chosen]


def processes(split: str | None) -> list[str]:
    """A module of each process."""
    return ["sales"] if split is None else [group.partition("+")[0] for group in split.split(",")]
