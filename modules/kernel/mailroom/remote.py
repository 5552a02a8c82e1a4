"""How the operator's methods about events cross HTTP, the same for every module but for its name."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from modules.kernel import rpc
from modules.kernel.ids import HoldId, OrderId
from modules.kernel.mailroom.port import (
    DeadLetter,
    Handling,
    InboxOperatorPort,
    LetterPlace,
    OutboxOperatorPort,
    OutgoingEvent,
    TraceStep,
)

Methods = tuple[rpc.Crossing[..., Any], ...]


class InboxCrossings:
    """`InboxOperatorPort` of a module on its way over HTTP."""

    def __init__(self, module: str) -> None:
        at = f"/internal/{module}/operator"
        self.dead_letters = rpc.crossing(InboxOperatorPort.dead_letters, f"{at}/dead_letters")
        self.dead_letter = rpc.crossing(InboxOperatorPort.dead_letter, f"{at}/dead_letter")
        self.replay = rpc.crossing(InboxOperatorPort.replay, f"{at}/replay")
        self.discard = rpc.crossing(InboxOperatorPort.discard, f"{at}/discard")
        self.handling = rpc.crossing(InboxOperatorPort.handling, f"{at}/handling")
        self.trace = rpc.crossing(InboxOperatorPort.trace, f"{at}/trace")

    @property
    def methods(self) -> Methods:
        """All of them."""
        return (self.dead_letters, self.dead_letter, self.replay, self.discard, self.handling, self.trace)

    def served_by(self, module: InboxOperatorPort) -> Mapping[rpc.Crossing[..., Any], Any]:
        """What crosses, and what answers it."""
        return {one: getattr(module, one.name) for one in self.methods}


class OutboxCrossings:
    """`OutboxOperatorPort` of a module on its way over HTTP."""

    def __init__(self, module: str) -> None:
        at = f"/internal/{module}/operator"
        self.event = rpc.crossing(OutboxOperatorPort.event, f"{at}/event")
        self.republish = rpc.crossing(OutboxOperatorPort.republish, f"{at}/republish")

    @property
    def methods(self) -> Methods:
        """All of them."""
        return (self.event, self.republish)

    def served_by(self, module: OutboxOperatorPort) -> Mapping[rpc.Crossing[..., Any], Any]:
        """What crosses, and what answers it."""
        return {one: getattr(module, one.name) for one in self.methods}


class RemoteInboxOperator:
    """Fulfils `InboxOperatorPort` where the module lives in another process."""

    INBOX: InboxCrossings
    _channel: rpc.Channel

    async def dead_letters(self, after: LetterPlace | None = None, limit: int = 50) -> Sequence[DeadLetter]:
        """Events that the module has given up on, from behind `after`."""
        return await self._channel.call(self.INBOX.dead_letters, after, limit)

    async def dead_letter(self, source: str, subject: UUID, sequence: int) -> tuple[DeadLetter, Mapping[str, object]]:
        """One of them, with the event as it came."""
        return await self._channel.call(self.INBOX.dead_letter, source, subject, sequence)

    async def replay(self, actor: str, source: str, subject: UUID, sequence: int) -> DeadLetter:
        """Have an event tried again as if for the first time."""
        return await self._channel.call(self.INBOX.replay, actor, source, subject, sequence)

    async def discard(self, actor: str, source: str, subject: UUID, sequence: int, reason: str) -> DeadLetter:
        """Never handle an event, and let what waits behind it go on."""
        return await self._channel.call(self.INBOX.discard, actor, source, subject, sequence, reason)

    async def handling(self, source: str, subject: UUID, sequence: int) -> Handling:
        """How far the module is with an event."""
        return await self._channel.call(self.INBOX.handling, source, subject, sequence)

    async def trace(self, order_id: OrderId, hold_id: HoldId | None = None) -> Sequence[TraceStep]:
        """What happened to an order in the module."""
        return await self._channel.call(self.INBOX.trace, order_id, hold_id)


class RemoteOutboxOperator:
    """Fulfils `OutboxOperatorPort` where the module lives in another process."""

    OUTBOX: OutboxCrossings
    _channel: rpc.Channel

    async def event(self, event_id: UUID) -> OutgoingEvent:
        """An event that the module tells, and how far it is on its way."""
        return await self._channel.call(self.OUTBOX.event, event_id)

    async def republish(self, actor: str, since: datetime) -> int:
        """Publish all events once more that were recorded since an instant."""
        return await self._channel.call(self.OUTBOX.republish, actor, since)
