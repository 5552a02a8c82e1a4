"""What modules tell each other: CloudEvents, numbered per source and subject without a gap."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, ClassVar, Protocol, TypeVar
from uuid import UUID

from pydantic import TypeAdapter

MAX_SEQUENCE = 2**31 - 1
"""As far as a database can count."""

SPECIFICATION = "1.0"
SEQUENCE_DIGITS = len(str(MAX_SEQUENCE))

traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)
"""The trace that the work at hand belongs to. Source: W3C Trace Context, 3.2."""


@contextmanager
def traced(trace: str | None) -> Iterator[None]:
    """Do something as part of a trace."""
    token = traceparent.set(trace)
    try:
        yield
    finally:
        traceparent.reset(token)


class EventData(Protocol):
    """What an event carries: a frozen dataclass in its emitter's port, with its type for a name."""

    TYPE: ClassVar[str]


_D = TypeVar("_D", bound=EventData)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that a transaction makes true about `subject`, as number `sequence` of that subject.

    `traceparent` is the cause's, where that is not the trace of the work at hand.
    """

    subject: UUID
    sequence: int
    data: EventData
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """An event on its way. Source: CloudEvents 1.0.2, 3.1, with the extensions `sequence` and `traceparent`."""

    id: UUID
    source: str
    type: str
    subject: UUID
    sequence: int
    time: datetime
    data: Mapping[str, Any]
    traceparent: str | None = None


def source_of(module: str) -> str:
    """The CloudEvents source under which a module speaks."""
    return f"/waybill/{module}"


def schema_of(type_: str) -> str:
    """The URI of the schema that what an event of this type carries keeps to; another version has another one."""
    return f"urn:{type_.replace('.', ':')}"


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def payload(event: Event, kind: type[_D]) -> _D:
    """What the event carries, as its emitter's port declares it; members it doesn't declare are passed over."""
    carried: _D = _adapter(kind).validate_python(event.data)
    return carried


def cloud_event(event: Event) -> dict[str, Any]:
    """The event in CloudEvents' JSON structured mode, ready for an encoder. Source: CloudEvents JSON format, 3.

    `sequence` has leading zeros, so that as text it is in order too. Source: CloudEvents sequence extension.
    """
    return {
        "specversion": SPECIFICATION,
        "id": str(event.id),
        "source": event.source,
        "type": event.type,
        "subject": str(event.subject),
        "time": event.time.astimezone(UTC).isoformat(),  # another offset may have seconds, which RFC 3339 has not
        "datacontenttype": "application/json",
        "dataschema": schema_of(event.type),
        "sequence": f"{event.sequence:0{SEQUENCE_DIGITS}}",
        **({"traceparent": event.traceparent} if event.traceparent else {}),
        "data": event.data,
    }


def from_cloud_event(document: Mapping[str, Any]) -> Event:
    """The event that a CloudEvents document describes; its sequence may come without leading zeros, as it once did.

    Raises:
        ValueError: a member is missing or is not what it should be.
    """
    try:
        specification = document["specversion"]
        event = Event(
            id=UUID(document["id"]),
            source=document["source"],
            type=document["type"],
            subject=UUID(document["subject"]),
            sequence=int(document["sequence"]),
            time=datetime.fromisoformat(document["time"]),
            data=document["data"],
            traceparent=document.get("traceparent"),
        )
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:
        raise ValueError(f"not an event of ours: {error!r}") from error
    texts = (event.source, event.type, event.traceparent or "")
    if not (isinstance(event.data, Mapping) and all(isinstance(text, str) for text in texts)):
        raise ValueError("not an event of ours: a member is of another type")
    if specification != SPECIFICATION:
        raise ValueError(f"not an event of ours: it is one of CloudEvents {specification}")
    if not 1 <= event.sequence <= MAX_SEQUENCE or event.time.tzinfo is None:
        raise ValueError("not an event of ours: its sequence counts from 1, and its time says where")
    return event


class Bus(Protocol):
    """Carries events from the relays to the subscribing modules, at least once each."""

    @property
    def keeps(self) -> bool:
        """Whether it keeps what was handled until it is told to `trim` it."""
        ...

    async def identify(self) -> str:
        """Which bus this is now: events published on another one count as not published.

        Raises:
            Unavailable: it gives no answer.
        """
        ...

    async def trouble(self) -> str | None:
        """What is wrong with it, in a sentence; `None` where nothing is."""
        ...

    async def publish(self, events: Sequence[Event]) -> Sequence[str | None]:
        """Hand events over; answers per event its place in the stream, or `None` where it was not taken.

        Raises:
            Unavailable: it gives no answer; some may have been taken.
        """
        ...

    async def trim(self, source: str, place: str) -> None:
        """Let it forget a source's events before this place, all of which are settled.

        Raises:
            Unavailable: it gives no answer.
        """
        ...

    async def close(self) -> None:
        """Leave nothing open."""
        ...


@dataclass(frozen=True, slots=True)
class LastTold:
    """The number of the last event that a module has told about a subject."""

    subject: UUID
    sequence: int


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a subscriber is with some subjects of one source.

    `handled` and `parked` speak of the subjects that were asked for; `at_end` says that it has read all it was given.
    """

    handled: Mapping[UUID, int]
    parked: Mapping[UUID, frozenset[int]]
    at_end: bool
