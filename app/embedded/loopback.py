"""Where embedded servers listen."""

import random
import socket
from collections.abc import Sequence

from app.launcher import CannotStart

HOST = "127.0.0.1"

# Below the ports that outgoing connections get: while a server is down, even its own client's attempt to reach it could
# be given its port, and keep it from coming back.
_PORTS = range(20_000, 32_000)


def free_port(among: Sequence[int] = _PORTS) -> int:
    """A loopback port nobody listens on now."""
    for port in random.sample(among, len(among)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise CannotStart(f"No port from {among[0]} to {among[-1]} is free; stop what listens there.")
