"""Making PostgreSQL's data folder: all of it, or none."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryFile

from app.embedded.binaries import postgres_program
from app.launcher import CannotStart, kill_group, spawn

SUPERUSER = "postgres"
PREFIX = "waybill_"

# Loopback, passwords only; the operating system's users mean nothing here.
_ACCESS = "host all all 127.0.0.1/32 scram-sha-256\n"

# Sorting by code point: the same on every machine and for ever, whatever the system's library thinks of languages.
_LOCALE = ("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")

# Statements end in an empty line, the first error ends it, unsynced. Nothing is to be recovered from a draft, so the
# databases are copied as files instead of being written to the log as well: half the work.
_SINGLE = ("-j", "-c", "exit_on_error=on", "-F", "-c", "wal_level=minimal", "-c", "max_wal_senders=0")


def create_cluster(folder: Path, passwords: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Make the data folder `folder`, with the superuser, and a role and a database of its own for every other name.

    `passwords` maps `postgres` and short names (`sales`) to passwords; `sales` becomes role and database
    `waybill_sales`. Only its owner (and the superuser) may connect to a database.

    Whoever is interrupted leaves nothing that looks like a data folder, so the next start begins anew.

    Raises:
        CannotStart: a step failed; the message ends in what it said.
    """
    draft = folder.with_name(f"{folder.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(mode=0o700)
    # Sorting by code point, the same on every machine and for ever; what it is sorted by is never the system's library.
    place = f"--pgdata={draft}"
    _step(draft, environment, [postgres_program("initdb"), place, f"--username={SUPERUSER}", "--no-sync", *_LOCALE])
    (draft / "pg_hba.conf").write_text(_ACCESS)
    # No server yet, so nobody can connect before the passwords are set. Unsynced: the last step syncs everything.
    single: list[Path | str] = [postgres_program("postgres"), "--single", *_SINGLE, "-D", draft, SUPERUSER]
    _step(draft, environment, single, ";\n\n".join((*_statements(passwords), "")))
    _step(draft, environment, [postgres_program("initdb"), place, "--sync-only"])
    draft.rename(folder)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    os.fsync(handle)
    os.close(handle)


def _statements(passwords: Mapping[str, str]) -> list[str]:
    statements = [
        f"ALTER ROLE {SUPERUSER} PASSWORD {_literal(passwords[SUPERUSER])}",
        f"REVOKE ALL ON DATABASE {SUPERUSER}, template1 FROM PUBLIC",
    ]
    for name in passwords:
        if name != SUPERUSER:
            owned = f'"{PREFIX}{name}"'
            statements += [
                f"CREATE ROLE {owned} LOGIN PASSWORD {_literal(passwords[name])}",
                f"CREATE DATABASE {owned} OWNER {owned} STRATEGY file_copy",
                f"REVOKE ALL ON DATABASE {owned} FROM PUBLIC",
            ]
    return statements


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _step(draft: Path, environment: Mapping[str, str], command: Sequence[Path | str], text: str = "") -> None:
    with TemporaryFile() as output:
        process = spawn(
            command,
            death_signal=None,
            unprivileged_in=draft,
            environment=environment,
            folder=draft,
            stdin=subprocess.PIPE,
            output=output,
        )
        try:
            process.communicate(text.encode())
        except BaseException:
            kill_group(process)
            raise
        if process.returncode:
            output.seek(0)
            raise CannotStart(
                f"PostgreSQL's data folder could not be made: {_complaint(output.read()) or process.returncode}"
            )


def _complaint(output: bytes) -> str:
    lines = [line.strip() for line in output.decode(errors="replace").splitlines() if line.strip()]
    # Not just any line: the one after an error repeats the statement, and that may hold a password.
    return next((line for line in lines if "error:" in line or "FATAL:" in line or "ERROR:" in line), *lines[-1:])
