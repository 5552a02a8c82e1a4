"""Ports: that nobody else has ours, and that no two of ours get the same."""

import socket
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from app.launcher import CannotStart
from app.supervisor.plan import HOST, ProcessSpec


class Listener(Protocol):
    """A server that chose a free port when it was made."""

    port: int


_L = TypeVar("_L", bound=Listener)


def apart(make: Callable[[], _L], taken: set[int]) -> _L:
    """A server on a port that is not `taken`: what is only about to be listened on looks free. Its own is taken then."""
    while (server := make()).port in taken:
        pass
    taken.add(server.port)
    return server


def check_ports(specs: Sequence[ProcessSpec]) -> None:
    """Make sure that nobody else listens where the processes are to.

    Raises:
        CannotStart: somebody does, or this user may not.
    """
    taken = [spec for spec in specs if _is_taken(spec)]
    if taken:
        ports = " and ".join(str(spec.port) for spec in taken)
        what = f"Ports {ports} are" if len(taken) > 1 else f"Port {ports} is"
        raise CannotStart(f"{what} in use; stop what listens there, or choose another with {_option(taken[0])}.")


def _is_taken(spec: ProcessSpec) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, spec.port))
        except PermissionError:
            raise CannotStart(
                f"Port {spec.port} is not for this user; choose one above 1023 with {_option(spec)}."
            ) from None
        except OSError:
            return True
    return False


def _option(spec: ProcessSpec) -> str:
    return "--port" if spec.is_everything else f"--ports {spec.modules[0]}=…"
