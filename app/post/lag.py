"""How far events are behind: in each module's outbox and inbox, and on a Redis between them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from app.operator import assembled
from app.supervisor.runfile import read_run
from modules.kernel.errors import Unavailable
from modules.kernel.events import source_of

if TYPE_CHECKING:
    from app.bus.redis.lag import GroupLag
    from app.container import Container


@dataclass(frozen=True, slots=True)
class ModuleLag:
    """A module's events: to publish, to settle, parked and given up; `oldest_s` is the age of the oldest not settled.

    `ahead` names the sources that the module is about to follow and does not yet.
    """

    module: str
    recorded: int
    published: int
    parked: int
    dead: int
    oldest_s: float
    ahead: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Lag:
    """All of it. `groups` is empty where no Redis is used; `trouble` says why one that is says nothing."""

    modules: Sequence[ModuleLag]
    groups: "Sequence[GroupLag]" = ()
    trouble: str | None = None


async def lag(data: Path) -> Lag:
    """How far the events of the installation in `data` are behind.

    Raises:
        CannotStart: nothing runs there.
        Unavailable: a database gives no answer.
    """
    async with assembled(data) as container:
        modules = await _modules(container)
    if (url := _redis(data)) is None:
        return Lag(modules)
    from app.bus.redis.lag import groups_of

    try:
        return Lag(modules, await groups_of(url, [source_of(one) for one in ("sales", "delivery")]))
    except Unavailable as error:
        return Lag(modules, trouble=error.detail)


async def _modules(container: "Container") -> Sequence[ModuleLag]:
    depths = {outbox.database.name: await outbox.depth() for outbox in container.outboxes()}
    found = []
    for consumer in container.consumers():
        depth, parked = depths.get(consumer.module, {}), await consumer.inbox.counts()
        oldest_s = max((age_s for _, age_s in depth.values()), default=0.0)
        recorded, published = (depth.get(state, (0, 0.0))[0] for state in ("recorded", "published"))
        waiting = parked.get("waiting", 0) + parked.get("retrying", 0)
        await consumer.beginning.look()
        ahead = sorted(consumer.beginning.ahead)
        found.append(ModuleLag(consumer.module, recorded, published, waiting, parked.get("dead", 0), oldest_s, ahead))
    return found


def _redis(data: Path) -> str | None:
    run = read_run(data)
    if run is None:
        return os.environ.get("WAYBILL_EVENTS__URL")
    return str(run.redis["url"]) if run.redis and run.redis.get("url") else None
