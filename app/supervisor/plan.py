"""Which processes there are to be, and what each is started with."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.secrets_file import Secrets

# Said again here, because the settings' own list would bring pydantic into the supervisor, and every start waits for it.
MODULES = ("auth", "sales", "delivery", "product")

ROOT = Path(__file__).resolve().parents[2]
_HOST = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One server process: the modules it hosts and the loopback port it listens on."""

    modules: tuple[str, ...]
    port: int

    @property
    def name(self) -> str:
        """What people and log files call it; `waybill` where it is everything."""
        return "waybill" if set(self.modules) == set(MODULES) else "+".join(self.modules)

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://{_HOST}:{self.port}"


def one_process(port: int) -> tuple[ProcessSpec, ...]:
    """Everything in one process."""
    return (ProcessSpec(MODULES, port),)


def partition(specs: tuple[ProcessSpec, ...]) -> str:
    """How `--split` would say it: `+` within a process, a comma between."""
    return ",".join("+".join(spec.modules) for spec in specs)


def serve_command(spec: ProcessSpec, workers: int = 1) -> list[str]:
    """The command that is the process of `spec`. Nothing secret is in it: everyone can read command lines."""
    command = [sys.executable, "-m", "entrypoints.cli", "serve", "--config", str(ROOT / "config" / "monolith.toml")]
    command += ["--host", _HOST, "--port", str(spec.port)]
    return command + (["--workers", str(workers)] if workers > 1 else [])


def external_databases(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The databases the caller has elsewhere, by module: `WAYBILL_DATABASES__SALES` and the like."""
    given = {module: environment.get(_database_variable(module), "") for module in MODULES}
    return {module: dsn for module, dsn in given.items() if dsn}


def serve_environment(
    specs: tuple[ProcessSpec, ...],
    databases: Mapping[str, str],
    secrets: Secrets,
    environment: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The caller's environment with what the processes need to find each other, their databases and their secrets."""
    issuer = next(spec.url for spec in specs if "auth" in spec.modules)
    return {
        **environment,
        **{_database_variable(module): dsn for module, dsn in databases.items()},
        "WAYBILL_SECRETS__PEPPER": secrets.pepper,
        "WAYBILL_SECRETS__KEY_ENCRYPTION_KEY": secrets.key_encryption_key,
        "WAYBILL_TOKENS__ISSUER": issuer,
        # Each process brings its modules' databases up to date before it listens.
        "WAYBILL_MIGRATE": "1",
    }


def _database_variable(module: str) -> str:
    return f"WAYBILL_DATABASES__{module.upper()}"
