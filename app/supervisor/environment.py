"""What each process is started with: its command, and the variables that tell it where everything is."""

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.secrets_file import Secrets
from app.service_key import public_part
from app.supervisor.plan import HOST, MODULES, ROOT, SERVICES, ProcessSpec


def serve_command(spec: ProcessSpec, workers: int = 1) -> list[str]:
    """The command that is the process of `spec`. Nothing secret is in it: everyone can read command lines."""
    config = ROOT / "config" / ("monolith.toml" if spec.is_everything else "distributed.toml")
    command = [sys.executable, "-m", "entrypoints.cli", "serve", "--config", str(config)]
    command += [] if spec.is_everything else ["--modules", ",".join(spec.modules)]
    command += ["--host", HOST, "--port", str(spec.port)]
    return command + (["--workers", str(workers)] if workers > 1 else [])


def external_databases(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The databases the caller has elsewhere, by module: `WAYBILL_DATABASES__SALES` and the like."""
    given = {module: environment.get(_variable("databases", module), "") for module in MODULES}
    return {module: dsn for module, dsn in given.items() if dsn}


def external_redis(environment: Mapping[str, str] = os.environ) -> str | None:
    """The Redis that the caller has elsewhere, as `WAYBILL_EVENTS__URL`."""
    return environment.get("WAYBILL_EVENTS__URL") or None


def external_placement(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Where our processes are to find each other instead of at their ports, by module: `WAYBILL_PLACEMENT__SALES`."""
    given = {module: environment.get(_variable("placement", module), "") for module in MODULES}
    return {module: url for module, url in given.items() if url}


@dataclass(frozen=True, slots=True)
class Deployment:
    """The processes together: their databases by module, their secrets, and, in a split, the Redis between them."""

    specs: tuple[ProcessSpec, ...]
    databases: Mapping[str, str]
    secrets: Secrets
    redis: str | None = None
    plays_carrier: bool = False
    """Whether parcels go their way by themselves: a rehearsal, on this machine only."""
    placement: Mapping[str, str] = field(default_factory=dict)
    """Where a module is found by the others, if not at its own port: behind a proxy."""

    def environment(self, spec: ProcessSpec, caller: Mapping[str, str] = os.environ) -> dict[str, str]:
        """The caller's environment, with what the process of `spec` needs to do its part, and nobody else's secrets."""
        return {
            "WAYBILL_SERVER__NOTICE_S": "0",  # nobody sends requests elsewhere here
            **{name: value for name, value in caller.items() if not name.upper().startswith(_for_others(spec))},
            **dict(self._for_some(spec)),
            **(dict(self._for_all()) if len(self.specs) > 1 else {}),
            "WAYBILL_TOKENS__ISSUER": next(one.url for one in self.specs if "auth" in one.modules),
            # Each process brings its modules' databases up to date before it listens.
            "WAYBILL_MIGRATE": "1",
        }

    def _for_some(self, spec: ProcessSpec) -> Iterator[tuple[str, str]]:
        for module in spec.modules:
            yield _variable("databases", module), self.databases[module]
        if "auth" in spec.modules:
            yield _variable("secrets", "pepper"), self.secrets.pepper
            yield _variable("secrets", "key_encryption_key"), self.secrets.key_encryption_key
        if "delivery" in spec.modules and self.plays_carrier:
            yield _variable("carriers", "kind"), "simulated"
            yield _variable("carriers", "rehearsal"), "true"
        if len(self.specs) > 1:
            # Auth knows by what it recognises all who may sign in; others know how they themselves do.
            for module in SERVICES if "auth" in spec.modules else spec.modules:
                key = self.secrets.services[module]
                yield _variable("services", module), key if module in spec.modules else public_part(key)

    def _for_all(self) -> Iterator[tuple[str, str]]:
        for one in self.specs:
            for module in one.modules:
                yield _variable("placement", module), self.placement.get(module, one.url)
        yield _variable("events", "bus"), "redis"
        if self.redis:
            yield _variable("events", "url"), self.redis


def _for_others(spec: ProcessSpec) -> tuple[str, ...]:
    """How the variables begin that a caller may have set for all, and that are none of this process' business."""
    others = [module for module in MODULES if module not in spec.modules]
    names = [_variable(table, module) for table in ("databases", "services") for module in others]
    tables = {"auth": "WAYBILL_SECRETS__", "delivery": "WAYBILL_CARRIER_SECRETS__"}
    return (*names, *(table for module, table in tables.items() if module not in spec.modules))


def _variable(table: str, key: str) -> str:
    return f"WAYBILL_{table}__{key}".upper()
