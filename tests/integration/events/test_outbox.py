"""Events are recorded with the change they tell of, and taken by their state, whatever order they commit in."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from modules.kernel.database import ConstraintViolated, Statement, sql
from modules.kernel.errors import Unavailable
from modules.kernel.events import NewEvent, traceparent
from modules.kernel.ids import new_id
from modules.kernel.mailroom.statements import EVENT
from modules.kernel.outbox import CHECKED, PUBLISHED
from tests.integration.events.letters import SOURCE, Noted, name, subject
from tests.integration.events.mail import Mail
from tests.integration.events.sending import Sender
from tests.support.interleaving import UnsteadyDatabase


async def test_an_event_that_commits_after_a_later_one_was_published_is_published_too(mail: Mail) -> None:
    sender = Sender(mail)
    async with mail.database.transaction() as slow:
        await mail.record("A1", slow)
        await mail.record("B1")
        await sender.send()
        assert await mail.outgoing() == {"B1": "settled"}
    await sender.send()
    assert await mail.outgoing() == {"A1": "settled", "B1": "settled"}, "an event was stepped over"


async def test_events_are_published_in_the_order_they_were_recorded(mail: Mail) -> None:
    for called in ("A1", "B1", "A2", "C1", "B2"):
        await mail.record(called)
    sender = Sender(mail)
    await sender.turn()
    assert sender.bus.published == ["A1", "B1", "A2", "C1", "B2"]


async def test_no_more_are_taken_at_once_than_asked_for_and_the_oldest_first(mail: Mail) -> None:
    await mail.record("A1 A2 A3")
    taken = await mail.outbox().take(2)
    assert [name(event.subject, event.sequence) for event in taken] == ["A1", "A2"]


async def test_an_event_is_taken_as_it_was_recorded(mail: Mail) -> None:
    await mail.record("A1")
    (event,) = await mail.outbox().take(1)
    assert (event.source, event.type, event.subject, event.sequence) == (SOURCE, Noted.TYPE, subject("A"), 1)
    assert event.data == {"note": "A1"}
    assert event.id.version == 7
    assert abs((datetime.now(UTC) - event.time).total_seconds()) < 60


async def test_a_transaction_that_fails_records_no_event_and_wakes_nobody(mail: Mail) -> None:
    outbox, woken = mail.outbox(), []
    outbox.wake = lambda: woken.append(True)
    with pytest.raises(Unavailable):
        async with UnsteadyDatabase(mail.database, fails=True).transaction() as transaction:
            await outbox.record(transaction, [NewEvent(subject("A"), 1, Noted("A1"))])
    assert (await mail.outgoing(), woken) == ({}, []), "an event tells of what never happened"


async def test_the_relay_is_woken_once_for_a_transaction_and_not_before_it_has_committed(mail: Mail) -> None:
    outbox, woken = mail.outbox(), []
    outbox.wake = lambda: woken.append(True)
    async with mail.database.transaction() as transaction:
        for sequence in (1, 2, 3):
            await outbox.record(transaction, [NewEvent(subject("A"), sequence, Noted("A"))])
        assert woken == [], "the relay was woken before there was anything to see"
    assert woken == [True]


async def test_a_number_that_a_subject_has_given_already_is_refused(mail: Mail) -> None:
    await mail.record("A1")
    with pytest.raises(ConstraintViolated, match="outbox_subject_sequence"):
        await mail.record("A1")


async def test_an_event_carries_the_trace_of_its_cause_or_of_the_work_at_hand(mail: Mail) -> None:
    outbox = mail.outbox()
    token = traceparent.set("at-hand")
    try:
        async with mail.database.transaction() as transaction:
            new = [NewEvent(UUID(int=n), 1, Noted(""), trace) for n, trace in enumerate([None, "cause"])]
            await outbox.record(transaction, new)
    finally:
        traceparent.reset(token)
    assert [event.traceparent for event in await outbox.take(2)] == ["at-hand", "cause"]


async def test_an_event_is_found_by_its_id_however_many_there_are(mail: Mail) -> None:
    async with mail.database.transaction() as transaction:
        await transaction.execute(
            sql("SET LOCAL enable_seqscan = off")
        )  # a table of nothing is read faster than an index
        rows = await transaction.fetch(sql(f"EXPLAIN {EVENT}"), event_id=new_id())
    plan = "\n".join(row[0] for row in rows)  # by the index itself, or by a bitmap made from it
    assert "outbox_pkey" in plan, "all events are read to find one"


@pytest.mark.parametrize(("statement", "more"), [(PUBLISHED, {"bus": "here"}), (CHECKED, {})], ids=["out", "asked"])
async def test_what_is_marked_is_found_by_its_id_however_much_waits(
    mail: Mail, statement: Statement, more: dict[str, str]
) -> None:
    async with mail.database.transaction() as transaction:
        await transaction.execute(sql("SET LOCAL enable_seqscan = off"))
        rows = await transaction.fetch(sql(f"EXPLAIN {statement}"), rows="[]", token=1, **more)
    plan = "\n".join(row[0] for row in rows)
    assert "using outbox_pkey" in plan, "all that waits is read to mark a batch"


async def test_its_depth_says_how_much_waits_in_each_state(mail: Mail) -> None:
    await mail.record("A1 A2 A3")
    await Sender(mail, refuses="A3").turn()
    depth = await mail.outbox().depth()
    assert {state: number for state, (number, _) in depth.items()} == {"published": 2, "recorded": 1}
    assert all(age_s >= 0 for _, age_s in depth.values())


async def test_an_event_finds_room_on_its_page_whenever_it_is_written(mail: Mail) -> None:
    async with mail.database.transaction() as transaction:
        new = [NewEvent(UUID(int=ord("A") + n), 1, Noted("-" * 500)) for n in range(100)]
        await mail.outbox().record(transaction, new)
    before = await _pages(mail)
    sender = Sender(mail)
    await sender.send()
    assert set((await mail.outgoing()).values()) == {"settled"}
    after = await _pages(mail)
    stayed = sum(after[event] == page for event, page in before.items())
    assert stayed > 90, (
        f"only {stayed} of 100 events are where they were: the log of writes has all of the others again"
    )


async def _pages(mail: Mail) -> dict[UUID, str]:
    rows = await mail.rows("SELECT event_id, split_part(CAST(ctid AS text), ',', 1) AS page FROM outbox")
    return {row.event_id: row.page for row in rows}
