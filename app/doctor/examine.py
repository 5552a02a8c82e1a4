"""The whole examination: processes, schemas, events, and what must be true across modules."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from app.doctor.invariants import Facts, Finding, judge
from app.doctor.repair import Repair, remedies
from app.doctor.topology import ModuleState, look
from app.operator import assembled
from modules.kernel.errors import Unavailable

if TYPE_CHECKING:
    from app.container import Container

PAGE = 5000
MANY = 1_000_000
CATCHES_UP_WITHIN_S = 5.0
LOOK_EVERY_S = 0.1


@dataclass(frozen=True, slots=True)
class Examination:
    """What was found. `under_way` is how many orders have events that not everybody has handled: they are not compared."""

    modules: Sequence[ModuleState]
    findings: Sequence[Finding]
    under_way: int
    unanswered: str | None = None
    mended: Sequence[str] = ()
    """What was done about faults that were found before."""

    @property
    def mendable(self) -> bool:
        """Whether something may be done about what is wrong."""
        return bool(remedies(self.findings))

    @property
    def faults(self) -> Sequence[str]:
        """Everything that is wrong, a sentence each."""
        found = [fault for state in self.modules for fault in state.faults]
        if self.unanswered is not None:
            return [*found, f"the modules could not be compared: {self.unanswered}"]
        return [*found, *(fault for finding in self.findings for fault in finding.faults)]


async def examine(data: Path, *, mend_as: str | None = None) -> Examination:
    """Look at everything of the installation in `data`. What looks wrong while events are under way is looked at again.

    As whom to `mend_as`, where something is wrong that can be mended without risk; then all is looked at once more.

    Raises:
        CannotStart: nothing runs there.
    """
    async with assembled(data) as container:
        from app.container import contracts

        settings = container.settings()
        databases = {module: dsn.get_secret_value() for module, dsn in settings.databases.items()}
        wanted = {module: _newest(offered) for module, offered in contracts().items()}
        modules = await look(settings.placement, databases, wanted)
        try:
            modules = [await _with_lag(state, container) for state in modules]
            findings, under_way = await _judged(container)
            mended: Sequence[str] = ()
            if mend_as is not None:
                repair = Repair(mend_as, container.orders(), container.delivery(), container.catalogue())
                mended = await repair.mend(findings)
            if mended:
                findings, under_way = await _judged(container)
        except Unavailable as error:
            return Examination(modules, [], 0, error.detail)
    return Examination(modules, findings, under_way, mended=mended)


def _newest(offered: Mapping[str, Sequence[str]]) -> Mapping[str, str]:
    return {name: contracts[0] for name, contracts in offered.items()}


async def _judged(container: "Container") -> tuple[Sequence[Finding], int]:
    """Findings; what looks wrong is looked at again, as it may have changed between one module's facts and the next's."""
    deadline = time.monotonic() + CATCHES_UP_WITHIN_S
    while True:
        facts = await _facts(container)
        findings = judge(facts)
        if all(one.holds for one in findings) or time.monotonic() > deadline:
            return findings, len(facts.under_way)
        await asyncio.sleep(LOOK_EVERY_S)


async def _facts(container: "Container") -> Facts:
    """Orders first and holds last: no order is seen without its hold. Those under way are asked for on both sides."""
    before = await _under_way(container)
    orders = [one async for one in _pages(container.orders())]
    shipments = [one async for one in _pages(container.delivery())]
    holds = [one async for one in _pages(container.catalogue())]
    stock = await container.catalogue().verify_stock()
    return Facts(orders, shipments, holds, stock, before | await _under_way(container))


async def _under_way(container: "Container") -> frozenset[UUID]:
    return frozenset[UUID]().union(*[await outbox.under_way(MANY) for outbox in container.outboxes()])


async def _pages(port: Any) -> AsyncIterator[Any]:
    after = None
    while page := await port.facts(after, PAGE):
        for fact in page:
            yield fact
        after = page[-1].id


async def _with_lag(state: ModuleState, container: "Container") -> ModuleState:
    lag: dict[str, int] = {}
    oldest_s = 0.0
    for outbox in container.outboxes():
        if outbox.database.name == state.module:
            for name, (events, age_s) in (await outbox.depth()).items():
                lag[name] = events
                oldest_s = max(oldest_s, age_s)
    for consumer in container.consumers():
        if consumer.module == state.module:
            lag |= await consumer.inbox.counts()
    return replace(state, lag=lag, oldest_s=oldest_s)
