"""`DeliveryPort` over HTTP."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter

from modules.delivery.port import DeliveryPort
from modules.kernel import rpc
from modules.kernel.events import Progress
from modules.kernel.principal import Verifier
from modules.web.internal import served

PROGRESS = rpc.crossing(DeliveryPort.progress, "/internal/delivery/progress")
METHODS: tuple[rpc.Crossing[..., Any], ...] = (PROGRESS,)


def routes(delivery: DeliveryPort, verifier: Verifier) -> APIRouter:
    """What other processes call of the delivery that is hosted here."""
    return served("delivery", verifier, {PROGRESS: delivery.progress})


class RemoteDelivery:
    """Fulfils `DeliveryPort` where delivery lives in another process."""

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far delivery is with the events of `source` about `subjects`."""
        return await self._channel.call(PROGRESS, source, subjects)
