"""An event, or an order, followed through every module by their operator ports."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from app.operator import Operator
from modules.kernel.errors import NotFound
from modules.kernel.events import source_of
from modules.kernel.ids import HoldId, OrderId
from modules.kernel.mailroom import (
    DeadLetter,
    Handling,
    InboxOperatorPort,
    NoDeadLetter,
    NoSuchEvent,
    OutboxOperatorPort,
    OutgoingEvent,
    TraceStep,
)

PAGE = 200
BY_NOW = datetime.max.replace(tzinfo=UTC)
FOLLOWED_BY: Mapping[str, tuple[str, ...]] = {"sales": ("delivery", "product"), "delivery": ("sales", "product")}
"""Who follows what a module tells."""


class NoSuchOrder(NotFound, code="events.no_such_order"):
    """No module has ever heard of an order of that id."""


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an order's way, in the module where it happened; one without a time is so by now."""

    at: datetime | None
    module: str
    what: str
    about: str
    details: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Shown:
    """An event, who tells it, how far it is on its way, and what each of those who follow has made of it."""

    emitter: str
    event: OutgoingEvent
    subscribers: Mapping[str, Handling]


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A dead letter, and the module that has given up on it."""

    module: str
    letter: DeadLetter


async def way(operator: Operator, order_id: OrderId) -> Sequence[Step]:
    """Everything that happened to an order, in the order of time; what is so by now comes last.

    Raises:
        NoSuchOrder: no module has anything to tell.
    """
    sales = await operator.sales.trace(order_id)
    holds = [HoldId(UUID(str(one.details["hold_id"]))) for one in sales if "hold_id" in one.details]
    told: Mapping[str, Sequence[TraceStep]] = {
        "sales": sales,
        "product": await operator.product.trace(order_id, holds[0] if holds else None),
        "delivery": await operator.delivery.trace(order_id),
    }
    steps = [Step(one.at, module, one.what, one.about, one.details) for module, trace in told.items() for one in trace]
    if not steps:
        raise NoSuchOrder(f"Nobody has ever heard of an order {order_id}.")
    return sorted(steps, key=lambda one: one.at or BY_NOW)


async def shown(operator: Operator, event_id: UUID) -> Shown:
    """An event and what became of it.

    Raises:
        NoSuchEvent: nobody tells of one of that id, or it was settled so long ago that it is not kept any more.
    """
    for emitter, port in _tellers(operator).items():
        try:
            event = await port.event(event_id)
        except NoSuchEvent:
            continue
        place = (source_of(emitter), UUID(str(event.document["subject"])), int(str(event.document["sequence"])))
        inboxes = inboxes_of(operator)
        return Shown(emitter, event, {one: await inboxes[one].handling(*place) for one in FOLLOWED_BY[emitter]})
    raise NoSuchEvent(f"There is no event {event_id}, or it is not kept any more.")


async def republished(operator: Operator, actor: str, since: datetime) -> Mapping[str, int]:
    """Have all events told again that were recorded since an instant; answers how many, by module."""
    return {emitter: await port.republish(actor, since) for emitter, port in _tellers(operator).items()}


async def dead_letters(operator: Operator, module: str | None, limit: int) -> Sequence[Undelivered]:
    """What modules, or one of them, have given up on; at most `limit` of each."""
    asked = [module] if module else list(inboxes_of(operator))
    return [
        Undelivered(one, letter)
        for one in asked
        for letter in await inboxes_of(operator)[one].dead_letters(None, limit)
    ]


async def dead_letter_of(operator: Operator, module: str, event_id: UUID) -> DeadLetter:
    """The dead letter that an event is to a module.

    Raises:
        NoDeadLetter: the module has not given up on that event.
    """
    async for letter in _letters(inboxes_of(operator)[module]):
        if letter.event_id == event_id:
            return letter
    raise NoDeadLetter(f"{module} has not given up on event {event_id}.")


def inboxes_of(operator: Operator) -> Mapping[str, InboxOperatorPort]:
    """The modules that follow events."""
    return {"sales": operator.sales, "delivery": operator.delivery, "product": operator.product}


def _tellers(operator: Operator) -> Mapping[str, OutboxOperatorPort]:
    return {"sales": operator.sales, "delivery": operator.delivery}


async def _letters(inbox: InboxOperatorPort) -> AsyncIterator[DeadLetter]:
    after = None
    while page := await inbox.dead_letters(after, PAGE):
        for letter in page:
            yield letter
        after = (page[-1].source, page[-1].subject, page[-1].sequence)
