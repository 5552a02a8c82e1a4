"""A port with a method of each kind, and a peer behind it that ends calls as it is told."""

import asyncio
from itertools import count
from typing import Any, Protocol

import pytest
from prometheus_client import REGISTRY

from app.calls import Breaker, policed
from modules.kernel import rpc
from modules.kernel.database import Connection, Result, Statement
from modules.kernel.errors import Unavailable

NUMBERS = count(1)


class Port(Protocol):
    @rpc.read()
    async def look(self) -> str: ...

    @rpc.idempotent("key")
    async def put(self, key: str) -> str: ...

    @rpc.once()
    async def show(self) -> str: ...

    @rpc.read(timeout_s=0.2)
    async def glance(self) -> str: ...


class Peer:
    """Ends the calls as told, one after the other, and answers when nothing is left to tell; `None` never ends."""

    def __init__(self) -> None:
        self.name = f"peer{next(NUMBERS)}"
        self.told: list[Exception | None] = []
        self.calls = 0
        self.remaining: list[float] = []

    async def look(self) -> str:
        return await self._end()

    async def put(self, key: str) -> str:
        assert key
        return await self._end()

    async def show(self) -> str:
        return await self._end()

    async def glance(self) -> str:
        return await self._end()

    async def _end(self) -> str:
        self.calls += 1
        self.remaining.append(rpc.remaining_s() or 0.0)
        end: Exception | str | None = self.told.pop(0) if self.told else "an answer"
        if end is None:
            await asyncio.Event().wait()
        if isinstance(end, Exception):
            raise end
        return "an answer"

    def counted(self, method: str, outcome: str) -> float | None:
        labels = {"method": f"{self.name}.{method}", "outcome": outcome}
        return REGISTRY.get_sample_value("waybill_port_call_duration_seconds_count", labels)


class HandClock:
    at = 100.0

    def __call__(self) -> float:
        return self.at


class NoPool:
    """A pool without a database: every statement succeeds, and gives nothing."""

    async def take(self) -> Connection:
        return self

    async def run(self, statement: Statement, values: Any) -> Result:
        del statement, values
        return Result([], 0)

    async def give_back(self, connection: Connection) -> None: ...

    async def close(self) -> None: ...


def around(peer: Peer, clock: HandClock, *, strict: bool = True) -> Port:
    """The port to the peer, its breaker's time told by the clock."""
    breaker = Breaker(peer.name, clock)
    return policed(Port, peer, peer.name, strict=strict, breaker=breaker)  # type: ignore[type-abstract]  # read for its methods


async def silent(port: Port, peer: Peer, times: int) -> None:
    """So many calls without an answer, none of them repeated."""
    for _ in range(times):
        peer.told.append(Unavailable("The answer was lost."))
        with pytest.raises(Unavailable):
            await port.show()
