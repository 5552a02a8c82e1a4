"""Free ports for the processes that a test starts, and how `--ports` says them."""

import os

from app.embedded import loopback

_WORKERS = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))

# A port looks free until its process listens, which takes seconds: each worker chooses from ports of its own, and
# embedded servers, which choose for themselves, from those above.
_PORTS = range(10_000 + _WORKER, 20_000, _WORKERS)


def free_port() -> int:
    """A port that nobody listens on, and that nobody else is about to."""
    return loopback.free_port(_PORTS)


def free_ports(number: int) -> list[int]:
    """So many free ports, no two the same."""
    ports: set[int] = set()
    while len(ports) < number:
        ports.add(free_port())
    return list(ports)


def some_ports(split: str) -> dict[str, int]:
    """A free port for each process of a partition, by the module that gives its port; no two the same."""
    groups = split.split(",")
    return {group.partition("+")[0]: port for group, port in zip(groups, free_ports(len(groups)), strict=True)}


def words(ports: dict[str, int]) -> str:
    """As `--ports` takes them."""
    return ",".join(f"{module}={port}" for module, port in ports.items())
