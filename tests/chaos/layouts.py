"""The placements in which faults strike."""

from app.chaos.layout import Layout
from tests.system.partitions import MODULES
from tests.system.ports import free_port, some_ports, words

FOUR = ",".join(MODULES)


def laid_out(split: str | None) -> Layout:
    """A placement on free ports."""
    return Layout(free_port(), split, None if split is None else words(some_ports(split)))
