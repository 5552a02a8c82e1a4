"""More events wait to be published than are taken on: nothing that would add to them is begun, all else goes on."""

import pytest

from app.brim import look
from app.database import open_database
from app.telemetry.metrics import OUTBOX_FULL
from modules.kernel.errors import Overloaded
from modules.kernel.outbox import Outbox
from tests.integration.events.letters import events, unanswered
from tests.integration.events.mail import Mail
from tests.integration.events.sending import Sender, Word
from tests.integration.events.whole import Whole

FULL = OUTBOX_FULL.labels("sales")


def value() -> float:
    return float(FULL._value.get())


async def filled(mail: Mail, called: str, most: int) -> Outbox:
    """An outbox that has recorded these, and has been looked at."""
    await mail.record(called)
    outbox = mail.outbox()
    await look(outbox, most)
    return outbox


async def tell(mail: Mail, outbox: Outbox, called: str) -> None:
    """Have something happen that this outbox is to tell of."""
    mail.make_outbox = lambda _database: outbox  # type: ignore[assignment]
    await mail.record(called)


async def test_an_outbox_with_more_than_its_bound_records_nothing_and_says_when_to_come_back(mail: Mail) -> None:
    outbox = await filled(mail, "A1 B1 C1", most=2)
    said: list[Overloaded] = []
    try:
        await tell(mail, outbox, "D1")
    except Overloaded as error:
        said.append(error)
    assert list(await mail.outgoing()) == ["A1", "B1", "C1"], "more was recorded than is taken on"
    assert [one.details for one in said] == [{"retry_after_s": 5}]
    assert value() == 1


async def test_an_outbox_with_as_many_as_its_bound_takes_one_more(mail: Mail) -> None:
    outbox = await filled(mail, "A1 B1", most=2)
    await tell(mail, outbox, "C1")
    assert len(await mail.outgoing()) == 3


async def test_what_is_published_and_not_settled_does_not_count(mail: Mail) -> None:
    await mail.record("A1 B1 C1")
    await Sender(mail, subscribers=[Word(at_end=False)]).turn()
    outbox = mail.outbox()
    await look(outbox, 1)
    assert (outbox.full, set((await mail.outgoing()).values())) == (False, {"published"})


async def test_when_they_are_published_it_takes_on_more_by_itself(mail: Mail) -> None:
    outbox = await filled(mail, "A1 B1 C1", most=2)
    await Sender(mail).send()
    await look(outbox, 2)
    assert (outbox.full, value()) == (False, 0)
    await tell(mail, outbox, "D1")


async def test_while_the_database_is_away_it_stays_as_it_was_seen_last(mail: Mail) -> None:
    outbox = await filled(mail, "A1 B1 C1", most=2)
    outbox.database = nowhere = open_database("sales", "postgresql://nobody@127.0.0.1:1/nothing")
    await look(outbox, 2)
    await nowhere.close()
    assert outbox.full


async def test_an_event_whose_effect_would_tell_of_more_is_not_to_blame_and_takes_effect_afterwards(mail: Mail) -> None:
    outbox = await filled(mail, "A1 B1 C1", most=2)
    own, mail.make_outbox = mail.make_outbox, lambda _database: outbox  # type: ignore[assignment]
    mail.replies = True
    await unanswered(mail.inbox().handle(events("D1")))
    assert (await mail.parked(), await mail.effects()) == ({}, ""), "an event was blamed for a full outbox"
    mail.make_outbox = own
    await Sender(mail).send()
    await look(outbox, 2)
    await mail.receive("D1")
    assert (await mail.effects()).split()[-1] == "D1"


async def test_an_order_that_could_not_be_told_of_holds_no_stock_and_one_that_is_stored_is_still_answered(
    whole: Whole,
) -> None:
    await whole.stock(BOLT=9)
    stored, _ = await whole.place("stored", BOLT=1), await whole.place("another", BOLT=1)
    outbox = whole.container.sales_outbox()
    await look(outbox, 1)
    holds = len(await whole.rows("product", "SELECT FROM hold"))
    with pytest.raises(Overloaded) as refused:
        await whole.place("new", BOLT=1)
    assert refused.value.details == {"retry_after_s": 5}
    assert len(await whole.rows("product", "SELECT FROM hold")) == holds, "stock is held that no order can have"
    assert (await whole.place("stored", BOLT=1), await whole.status(stored)) == (stored, "placed")
    await whole.come_to_rest()
    await look(outbox, 1)
    await whole.status(await whole.place("new", BOLT=1))
