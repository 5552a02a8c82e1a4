"""What a process calls itself where several of the same modules meet."""

import os
import secrets
import socket


def instance_name() -> str:
    """A name that nobody else has, and that tells an operator whose it is: the machine and the process."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
