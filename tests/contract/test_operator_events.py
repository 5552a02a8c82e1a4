"""What the operator sees of a module's events and does about them, whichever module it is and however it is reached."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from modules.delivery.port import DeliveryOperatorPort
from modules.kernel.database import Database, sql
from modules.kernel.events import Event, NewEvent, cloud_event
from modules.kernel.ids import OrderId, new_id
from modules.kernel.inbox import Inbox
from modules.kernel.mailroom import (
    DeadLetter,
    Handling,
    InboxOperatorPort,
    LetterNotNext,
    NoDeadLetter,
    NoSuchEvent,
    OutboxOperatorPort,
)
from modules.kernel.outbox import Outbox
from modules.product.port import NewProduct, ProductOperatorPort
from modules.sales.port import SalesOperatorPort
from tests.contract.port_adapters import Adapter
from tests.contract.port_facts import assert_frozen, same_again
from tests.integration.events.letters import SOURCE, Noted, event, events, subject
from tests.integration.events.whole import Whole

A = subject("A")
AUDIT = sql("SELECT actor, action, subject, details FROM audit ORDER BY id")


@dataclass
class Room:
    """A module, as the operator reaches it, and the database that it is on."""

    port: Any
    database: Database

    @property
    def inbox(self) -> Inbox:
        """One that has a handler for nothing: every event only moves the cursor."""
        return Inbox(self.database, {})

    async def audit(self) -> list[Any]:
        async with self.database.reading() as reading:
            return list(await reading.fetch(AUDIT))

    async def die(self, called: str) -> None:
        """Have the module give up on an event."""
        await self.inbox.give_up(event(called), 8, "broken")

    async def record(self, called: str) -> list[UUID]:
        """Have the module tell events; their ids."""
        new = [NewEvent(subject(one), int(one[1:]), Noted(one)) for one in called.split()]
        async with self.database.transaction() as transaction:
            await Outbox(self.database).record(transaction, new)
        return [one.id for one in await Outbox(self.database).take(100)]


@pytest.fixture(params=["sales", "delivery", "product"])
async def room(request: pytest.FixtureRequest, adapter: Adapter, whole: Whole) -> AsyncIterator[Room]:
    container = whole.container
    services: dict[str, tuple[Any, Any]] = {
        "sales": (SalesOperatorPort, container.orders()),
        "delivery": (DeliveryOperatorPort, container.delivery()),
        "product": (ProductOperatorPort, container.catalogue()),
    }
    kind, service = services[request.param]
    async with adapter.reach(kind, service, request.param) as port:
        yield Room(port, whole.databases[request.param])


@pytest.fixture
def reader(room: Room) -> InboxOperatorPort:
    port: InboxOperatorPort = room.port
    return port


@pytest.mark.parametrize("room", ["product"], indirect=True)
async def test_what_was_done_about_dead_letters_is_no_change_of_the_catalogue(room: Room) -> None:
    await room.die("A1")
    await room.port.import_products("maria", [NewProduct("BOLT", "Bolt", 100, "EUR")])
    await room.port.discard("maria", SOURCE, A, 1, "The order was a test.")
    assert [(one.sku, one.action) for one in await room.port.list_changes()] == [("BOLT", "add")]


@pytest.fixture
def teller(room: Room) -> OutboxOperatorPort:
    port: OutboxOperatorPort = room.port
    return port


# dead letters


async def test_dead_letters_are_listed_by_subject_and_number_from_behind_one(
    room: Room, reader: InboxOperatorPort
) -> None:
    assert await same_again(reader.dead_letters) == []
    for called in ("B1", "A1", "A2"):
        await room.die(called)
    await room.inbox.handle(events("A4 A3 B2"))
    letters = await same_again(reader.dead_letters)
    assert [(one.subject, one.sequence, one.waiting) for one in letters] == [(A, 1, 3), (A, 2, 2), (subject("B"), 1, 1)]
    first = letters[0]
    assert (first.source, first.event_id, first.type) == (SOURCE, event("A1").id, Noted.TYPE)
    assert (first.attempts, first.error) == (8, "RuntimeError: broken")
    assert timedelta() <= datetime.now(UTC) - first.since < timedelta(minutes=1)
    assert await reader.dead_letters(limit=1) == [first]
    assert await reader.dead_letters((SOURCE, A, 1)) == letters[1:]
    assert await reader.dead_letters((SOURCE, subject("B"), 1)) == []


async def test_what_only_waits_or_is_tried_again_is_no_dead_letter(room: Room, reader: InboxOperatorPort) -> None:
    await room.inbox.handle(events("A2"))
    assert await reader.dead_letters() == []
    for ask in (reader.dead_letter, lambda *place: reader.replay("maria", *place)):
        with pytest.raises(NoDeadLetter) as refused:
            await ask(SOURCE, A, 2)
        assert refused.value.code == "events.no_dead_letter"
    with pytest.raises(NoDeadLetter):
        await reader.discard("maria", SOURCE, A, 2, "Never mind.")
    assert await room.audit() == []


async def test_a_dead_letter_is_shown_with_its_event(room: Room, reader: InboxOperatorPort) -> None:
    await room.die("A1")
    letter, document = await same_again(lambda: reader.dead_letter(SOURCE, A, 1))
    assert [letter] == await reader.dead_letters()
    assert_frozen(letter)
    assert {**document, "time": None} == {**cloud_event(event("A1")), "time": None}


async def test_a_dead_letter_that_is_replayed_begins_anew_and_takes_those_behind_it_along(
    room: Room, reader: InboxOperatorPort
) -> None:
    await room.die("A1")
    await room.inbox.handle(events("A2"))
    letter = await reader.replay("maria", SOURCE, A, 1)
    assert isinstance(letter, DeadLetter)
    assert await reader.dead_letters() == []
    again = await reader.handling(SOURCE, A, 1)
    assert (again.state, again.attempts, again.error) == ("retrying", 0, "RuntimeError: broken")
    for key in await room.inbox.due():
        await room.inbox.take_up(key)
    assert await same_again(lambda: reader.handling(SOURCE, A, 2)) == Handling("handled")
    (noted,) = await room.audit()
    assert noted[:3] == ("maria", "replay_dead_letter", str(A))
    assert (noted.details["sequence"], noted.details["attempts"]) == (1, 8)


async def test_a_dead_letter_that_is_discarded_counts_as_handled_is_noted_with_its_event_and_the_next_go_on(
    room: Room, reader: InboxOperatorPort
) -> None:
    await room.die("A1")
    await room.inbox.handle(events("A2 A3"))
    await reader.discard("maria", SOURCE, A, 1, "The order was a test.")
    assert await reader.handling(SOURCE, A, 1) == Handling("handled")
    await room.inbox.handle(events("A1"))  # it comes again, and is dropped
    for key in await room.inbox.due():
        await room.inbox.take_up(key)
    assert await reader.handling(SOURCE, A, 3) == Handling("handled"), "what waited behind it waits for ever"
    (noted,) = await room.audit()
    assert noted[:3] == ("maria", "discard_dead_letter", str(A))
    assert noted.details["reason"] == "The order was a test."
    assert noted.details["event"]["id"] == str(event("A1").id)
    with pytest.raises(NoDeadLetter):
        await reader.discard("maria", SOURCE, A, 1, "Once more.")


async def test_a_dead_letter_before_which_something_is_missing_is_not_discarded(
    room: Room, reader: InboxOperatorPort
) -> None:
    await room.die("A3")
    await room.inbox.handle(events("A1"))
    with pytest.raises(LetterNotNext) as refused:
        await reader.discard("maria", SOURCE, A, 3, "Never mind.")
    assert (refused.value.code, refused.value.details) == ("events.letter_not_next", {"next": 2})
    assert await reader.handling(SOURCE, A, 1) == Handling("handled")
    assert await reader.handling(SOURCE, A, 2) == Handling("not here")
    assert len(await reader.dead_letters()) == 1
    assert await room.audit() == []


async def test_nothing_is_to_be_told_of_an_order_that_nobody_placed(reader: InboxOperatorPort) -> None:
    assert await same_again(lambda: reader.trace(OrderId(new_id()))) == []


async def test_what_is_parked_of_an_order_is_part_of_its_way(room: Room, reader: InboxOperatorPort) -> None:
    order_id = OrderId(new_id())
    source = "/waybill/delivery" if room.database.name == "sales" else "/waybill/sales"
    here = Inbox(room.database, {})
    parcel = event("A1", source=source)
    for number in (1, 3):
        await here.handle([_about(parcel, order_id, number)])
    handled, parked = await same_again(lambda: reader.trace(order_id))
    assert (handled.at, handled.what, handled.details["sequence"]) == (None, "handled", 1)
    assert (parked.what, parked.details["sequence"], parked.details["state"]) == ("parked", 3, "waiting")
    assert parked.at is not None


def _about(parcel: Event, order_id: OrderId, sequence: int) -> Event:
    return parcel._replace(subject=order_id, sequence=sequence)


# what is told; product tells nothing

tellers = pytest.mark.parametrize("room", ["sales", "delivery"], indirect=True)


@tellers
async def test_an_event_is_shown_as_subscribers_get_it_with_how_far_it_is(
    room: Room, teller: OutboxOperatorPort
) -> None:
    event_id, _ = await room.record("A1 A2")
    shown = await same_again(lambda: teller.event(event_id))
    assert (shown.state, shown.publications, shown.published_at, shown.settled_at) == ("recorded", 0, None, None)
    assert (shown.document["id"], shown.document["subject"]) == (str(event_id), str(A))
    assert int(str(shown.document["sequence"])) == 1
    assert shown.document["data"] == {"note": "A1"}
    with pytest.raises(NoSuchEvent):
        await teller.event(new_id())


@tellers
async def test_what_was_recorded_since_an_instant_is_published_again_and_nothing_that_is_older(
    room: Room, teller: OutboxOperatorPort
) -> None:
    await room.record("A1 A2 B1")
    async with room.database.transaction() as transaction:
        await transaction.execute(
            sql(
                "UPDATE outbox SET state = 'settled', settled_at = now(), publications = 3, recorded_at = recorded_at"
                " - CASE sequence WHEN 2 THEN interval '2 h' ELSE interval '0' END"
            )
        )
    since = datetime.now(UTC) - timedelta(hours=1)
    assert await same_again(lambda: teller.republish("maria", since)) == 2
    again = await Outbox(room.database).take(10)
    assert sorted((one.subject, one.sequence) for one in again) == [(A, 1), (subject("B"), 1)]
    assert await teller.republish("maria", datetime.now(UTC) + timedelta(hours=1)) == 0
    assert {(one.actor, one.action) for one in await room.audit()} == {("maria", "republish")}
