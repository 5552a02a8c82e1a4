"""The lines of a drill's system: one in front of each process, as the others reach it, and one to the Redis between them."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from app.chaos.broker import Broker
from app.chaos.layout import Layout
from app.chaos.link import HOST, RUBBISH, WELL_FORMED, Link

REDIS = "redis"


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines by the name of what is at their far end, and the variables by which the system comes to use them."""

    links: Mapping[str, Link]
    variables: Mapping[str, str]


@asynccontextmanager
async def laid(layout: Layout, broker: Broker | None) -> AsyncIterator[Lines]:
    """Lines between the processes, for as long as this lasts; customers come to each directly."""
    if broker is None:
        yield Lines({}, {})
        return
    links, variables = {REDIS: broker.link}, {"WAYBILL_EVENTS__URL": broker.url}
    async with AsyncExitStack() as stack:
        for spec in layout.specs:
            link = await stack.enter_async_context(Link(spec.port, (RUBBISH, *WELL_FORMED)).listening())
            links[spec.modules[0]] = link
            for module in spec.modules:
                variables[f"WAYBILL_PLACEMENT__{module.upper()}"] = f"http://{HOST}:{link.port}"
        yield Lines(links, variables)
