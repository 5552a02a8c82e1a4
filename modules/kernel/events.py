"""What modules tell each other: CloudEvents, numbered per source and subject without a gap."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, NotRequired, Protocol, TypeVar
from uuid import UUID

import orjson
from pydantic import AwareDatetime, ConfigDict, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

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


class Event(NamedTuple):
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


def written(event: Event) -> bytes:
    """The event as a CloudEvents document in JSON's structured mode. Source: CloudEvents JSON format, 3.

    `sequence` has leading zeros, so that as text it is in order too. Source: CloudEvents sequence extension.
    """
    document = {
        "specversion": SPECIFICATION,
        "id": event.id,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": event.time.astimezone(UTC),  # another offset may have seconds, which RFC 3339 has not
        "datacontenttype": "application/json",
        "dataschema": schema_of(event.type),
        "sequence": f"{event.sequence:0{SEQUENCE_DIGITS}}",
        **({"traceparent": event.traceparent} if event.traceparent else {}),
        "data": event.data,
    }
    return orjson.dumps(document)


def cloud_event(event: Event) -> dict[str, Any]:
    """That document, for who shows it or has it in another one."""
    document: dict[str, Any] = orjson.loads(written(event))
    return document


class _Document(TypedDict):
    """What is read of a CloudEvents document; a sequence may come without leading zeros, as it once did."""

    __pydantic_config__ = ConfigDict(strict=True)  # type: ignore[misc]  # how pydantic is told; no member

    specversion: Literal["1.0"]
    id: UUID
    source: str
    type: str
    subject: UUID
    sequence: Annotated[int, Field(strict=False, ge=1, le=MAX_SEQUENCE)]
    time: AwareDatetime
    data: dict[str, Any]
    traceparent: NotRequired[str | None]


_DOCUMENT = TypeAdapter(_Document)


def read(document: bytes | str) -> Event:
    """The event that a CloudEvents document describes.

    Raises:
        ValueError: it is no JSON, or a member is missing or is not what it should be.
    """
    try:
        found = _DOCUMENT.validate_json(document)
    except ValidationError as error:  # says where, and not what: it may be somebody's address
        wrong = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors(include_input=False)
        )
        raise ValueError(f"not an event of ours: {wrong}") from None
    return Event(
        found["id"],
        found["source"],
        found["type"],
        found["subject"],
        found["sequence"],
        found["time"],
        found["data"],
        found.get("traceparent"),
    )


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
