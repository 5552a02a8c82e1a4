"""Who is where, whether it answers, and whether it understands the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from app.migrations import Migrations

ANSWERS_WITHIN_S = 2.0


@dataclass(frozen=True, slots=True)
class ModuleState:
    """One module: where it is, what it says, how its schema is, and how far its events are.

    `contract` is `same`, or what of it differs from this release. `lag` maps outbox and inbox states to numbers.
    """

    module: str
    url: str
    up: bool
    contract: str
    schema: str
    schema_wanted: str
    lag: Mapping[str, int] = field(default_factory=dict)
    oldest_s: float = 0.0
    degraded: Mapping[str, str] = field(default_factory=dict)

    @property
    def faults(self) -> Sequence[str]:
        """What is wrong with it, a sentence each."""
        found = []
        if not self.up:
            found.append(f"{self.module} is not ready at {self.url}")
        if self.up and self.contract != "same":
            found.append(f"{self.module} at {self.url} speaks another contract: {self.contract}")
        if self.schema != self.schema_wanted:
            found.append(f"the database of {self.module} is at {self.schema}, not {self.schema_wanted}: db upgrade")
        if self.lag.get("dead"):
            found.append(f"{self.module} has {self.lag['dead']} dead letters")
        found += [f"{self.module} is degraded by {name}: {what}" for name, what in self.degraded.items()]
        return found


async def look(
    places: Mapping[str, str], databases: Mapping[str, str], wanted: Mapping[str, Mapping[str, str]]
) -> Sequence[ModuleState]:
    """Every module, without its lag: where it is, its database, and what this release means by each of its methods."""
    states = []
    async with httpx.AsyncClient(timeout=ANSWERS_WITHIN_S, trust_env=False) as http:
        for module, methods in wanted.items():
            url = places.get(module, "")
            up, degraded = await _health(http, url)
            contract = await _contract(http, url, module, methods) if up else "unknown"
            schema, schema_wanted = _schema(module, databases[module])
            states.append(ModuleState(module, url or "?", up, contract, schema, schema_wanted, degraded=degraded))
    return states


async def _health(http: httpx.AsyncClient, url: str) -> tuple[bool, Mapping[str, str]]:
    try:
        answer = await http.get(f"{url}/health/ready")
        return answer.is_success, answer.json().get("degraded", {}) if answer.is_success else {}
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):
        return False, {}


async def _contract(http: httpx.AsyncClient, url: str, module: str, wanted: Mapping[str, str]) -> str:
    try:
        offered: dict[str, Any] = (await http.get(f"{url}/internal/{module}/contract")).json()["methods"]
    except (httpx.HTTPError, ValueError, KeyError):
        return "not told"
    other = [name for name, contract in wanted.items() if contract not in offered.get(name, ())]
    return "same" if not other else ", ".join(other)


def _schema(module: str, dsn: str) -> tuple[str, str]:
    from sqlalchemy.exc import OperationalError

    migrations = Migrations(module, dsn)
    try:
        return migrations.current() or "base", migrations.head() or "base"
    except OperationalError:
        return "no answer", migrations.head() or "base"
    finally:
        migrations.close()
