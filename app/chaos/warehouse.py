"""A warehouse that walks every parcel to the door, however often it has to say so."""

import asyncio
from collections.abc import Sequence
from typing import Any

from app.chaos.connection import Connection

NEXT = {"pending": "packed", "packed": "dispatched", "dispatched": "in_transit", "in_transit": "delivered"}
AT_ONCE = 16
PAGE = 100
REST_S = 0.05


class Warehouse:
    """Reports steps of parcels, each under a key of its own, until it is told to stop."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def work_on(self, enough: asyncio.Event) -> None:
        """Walk parcels until there is enough."""
        while not enough.is_set():
            if not await self.turn():
                await asyncio.sleep(REST_S)

    async def turn(self) -> int:
        """Take each parcel that is on its way one step further; answers how many there were."""
        found = [parcel for status in reversed(NEXT) for parcel in await self._in(status)]
        slots = asyncio.Semaphore(AT_ONCE)

        async def step(parcel: dict[str, Any]) -> None:
            async with slots:
                to, id_ = NEXT[parcel["status"]], parcel["id"]
                await self._connection.ask("POST", f"/api/v1/shipments/{id_}/status", f"{id_}-{to}", {"status": to})

        await asyncio.gather(*(step(parcel) for parcel in found))
        return len(found)

    async def _in(self, status: str) -> Sequence[dict[str, Any]]:
        answer = await self._connection.ask("GET", f"/api/v1/shipments?status={status}&limit={PAGE}")
        return [parcel for parcel in answer.json()["items"] if parcel["status"] in NEXT]  # it may have moved meanwhile
