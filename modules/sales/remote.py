"""`SalesPort` over HTTP."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from modules.kernel import rpc
from modules.kernel.events import Progress
from modules.kernel.ids import HoldId
from modules.kernel.principal import Verifier
from modules.sales.port import SalesPort, Settlement
from modules.web.internal import served

SETTLE = rpc.crossing(SalesPort.settle, "/internal/sales/settle")
PROGRESS = rpc.crossing(SalesPort.progress, "/internal/sales/progress")
METHODS: tuple[rpc.Crossing[..., Any], ...] = (SETTLE, PROGRESS)


def routes(sales: SalesPort, verifier: Verifier) -> APIRouter:
    """What other processes call of the sales that is hosted here."""
    return served("sales", verifier, {SETTLE: sales.settle, PROGRESS: sales.progress})


class RemoteSales:
    """Fulfils `SalesPort` where sales lives in another process."""

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def settle(self, hold_ids: Sequence[HoldId]) -> Sequence[Settlement]:
        """Decide for each hold whether it became an order."""
        return await self._channel.call(SETTLE, hold_ids)

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far sales is with the events of `source` about `subjects`."""
        return await self._channel.call(PROGRESS, source, subjects)
