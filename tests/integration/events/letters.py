"""Events by name, and what can go wrong with them. "B2" is the second event about B."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID

from modules.kernel.errors import Unavailable
from modules.kernel.events import Event, NewEvent, source_of

SOURCE = source_of("sales")

Fault = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Noted:
    """What is handled: its effect is written down."""

    TYPE: ClassVar[str] = "waybill.test.noted.v1"

    note: str


@dataclass(frozen=True)
class Overheard:
    """What the module gets, and has no handler for."""

    TYPE: ClassVar[str] = "waybill.test.overheard.v1"


def subject(name: str) -> UUID:
    """The subject that an event, or all about it, is called by."""
    return UUID(int=ord(name[0]))


def name(subject_id: UUID, sequence: int | str = "") -> str:
    """What an event is called."""
    return f"{chr(subject_id.int)}{sequence}"


def event(called: str, kind: str = Noted.TYPE, source: str = SOURCE) -> Event:
    """The event of that name, on its way."""
    sequence = int(called[1:])
    about = subject(called)
    return Event(
        UUID(int=about.int << 32 | sequence), source, kind, about, sequence, datetime.now(UTC), {"note": called}
    )


def events(called: str) -> Sequence[Event]:
    """Events by their names, in this order."""
    return [event(one) for one in called.split()]


def news(called: str) -> Sequence[NewEvent]:
    """The same before they are recorded: what their module has to tell."""
    return [NewEvent(subject(one), int(one[1:]), Noted(one)) for one in called.split()]


class Killed(BaseException):
    """The process ends here: nothing that is written after this happens."""


def raises(error: BaseException, times: int | None = None) -> Fault:
    """A handler that fails, so many times, or always."""
    left = [times]

    async def fail() -> None:
        if left[0] is None:
            raise error
        if left[0] > 0:
            left[0] -= 1
            raise error

    return fail


def once(fault: Fault) -> Fault:
    """What happens to the first who comes, and to nobody after."""
    left = [fault]

    async def first() -> None:
        if left:
            await left.pop()()

    return first


async def unanswered(work: Awaitable[None]) -> None:
    """Have something happen that must end without an answer: nobody knows, and nobody is to blame."""
    try:
        await work
    except Unavailable:
        return
    raise AssertionError("an outage was taken for the fault of an event")
