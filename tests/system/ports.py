"""Free ports for the processes of a split, and how `--ports` says them."""

from app.embedded.loopback import free_port


def some_ports(split: str) -> dict[str, int]:
    """A free port for each process of a partition, by the module that gives its port; no two the same."""
    ports: dict[str, int] = {}
    for group in split.split(","):
        while (port := free_port()) in ports.values():
            pass
        ports[group.partition("+")[0]] = port
    return ports


def words(ports: dict[str, int]) -> str:
    """As `--ports` takes them."""
    return ",".join(f"{module}={port}" for module, port in ports.items())
