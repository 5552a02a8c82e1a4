"""What every module that follows or tells events offers the operator about them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Protocol
from uuid import UUID

from pydantic import StringConstraints

from modules.kernel import rpc
from modules.kernel.errors import Conflict, NotFound
from modules.kernel.ids import HoldId, OrderId


class NoDeadLetter(NotFound, code="events.no_dead_letter"):
    """The module has given up on no such event; it may be tried again, or be handled, by now."""


class LetterNotNext(Conflict, code="events.letter_not_next"):
    """Something comes before this event that was not handled: `details["next"]` is the number that is to come first."""


class NoSuchEvent(NotFound, code="events.no_such_event"):
    """The module tells of no event of that id, or of one that was settled so long ago that it is not kept any more."""


LetterPlace = tuple[str, UUID, int]
"""Which event a dead letter is: its source, its subject, its number."""

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An event that a module has given up on after so many attempts; what follows it on its subject waits.

    `error` is what the last attempt said, `since` when the event was first set aside.
    """

    source: str
    subject: UUID
    sequence: int
    event_id: UUID
    type: str
    attempts: int
    error: str | None
    since: datetime
    waiting: int
    """How many later events of the subject wait behind it."""


@dataclass(frozen=True, slots=True)
class Handling:
    """How far a module is with an event: `handled`, `waiting`, `retrying`, `dead`, or `not here` yet."""

    state: str
    attempts: int = 0
    error: str | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutgoingEvent:
    """An event as its emitter keeps it: the document that subscribers get, and how far that is on its way."""

    document: Mapping[str, object]
    state: str
    recorded_at: datetime
    published_at: datetime | None
    bus: str | None
    stream_id: str | None
    publications: int
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class TraceStep:
    """Something that happened to an order in one module; what has no time of its own is so by now."""

    at: datetime | None
    what: str
    about: str
    details: Mapping[str, object] = field(default_factory=dict)


class InboxOperatorPort(Protocol):
    """What the operator sees of the events that a module follows, and does about those that it has given up on."""

    @rpc.read()
    async def dead_letters(self, after: LetterPlace | None = None, limit: int = 50) -> Sequence[DeadLetter]:
        """Events that the module has given up on, by source, subject and number, from behind `after`."""
        ...

    @rpc.read(raises=(NoDeadLetter,))
    async def dead_letter(self, source: str, subject: UUID, sequence: int) -> tuple[DeadLetter, Mapping[str, object]]:
        """One of them, with the event as it came.

        Raises:
            NoDeadLetter: the module has not given up on that event.
        """
        ...

    @rpc.once(raises=(NoDeadLetter,))
    async def replay(self, actor: str, source: str, subject: UUID, sequence: int) -> DeadLetter:
        """Have an event tried again as if for the first time: its attempts begin anew. It is noted who asked.

        Raises:
            NoDeadLetter: the module has not given up on that event.
        """
        ...

    @rpc.once(raises=(NoDeadLetter, LetterNotNext))
    async def discard(self, actor: str, source: str, subject: UUID, sequence: int, reason: Reason) -> DeadLetter:
        """Never handle an event: it counts as handled, and what waits behind it goes on.

        Who did so and why is noted, with the event.

        Raises:
            NoDeadLetter: the module has not given up on that event.
            LetterNotNext: an earlier event of the subject was not handled.
        """
        ...

    @rpc.read()
    async def handling(self, source: str, subject: UUID, sequence: int) -> Handling:
        """How far the module is with an event."""
        ...

    @rpc.read(timeout_s=10)
    async def trace(self, order_id: OrderId, hold_id: HoldId | None = None) -> Sequence[TraceStep]:
        """What happened to an order in this module, events included; nothing where it was never heard of.

        `hold_id` is the hold that it was stored under, where that is known: one that is closed is found by it.
        """
        ...


class OutboxOperatorPort(Protocol):
    """What the operator sees of the events that a module tells, and does about them."""

    @rpc.read(timeout_s=10, raises=(NoSuchEvent,))
    async def event(self, event_id: UUID) -> OutgoingEvent:
        """An event that the module tells, and how far it is on its way.

        Raises:
            NoSuchEvent: there is none of that id, or it is not kept any more.
        """
        ...

    @rpc.idempotent("since", timeout_s=300)
    async def republish(self, actor: str, since: datetime) -> int:
        """Publish all events once more that were recorded since an instant and are kept; answers how many.

        Whoever has handled one drops it. It is noted who asked.
        """
        ...
