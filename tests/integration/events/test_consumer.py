"""A consumer waits out what is no event's fault, and holds up who sends faster than it can handle."""

from collections.abc import Sequence

from app.bus import Consumer, InProcessBus
from modules.kernel.errors import NotReached
from modules.kernel.events import Event
from modules.kernel.inbox import Inbox
from tests.integration.events.letters import SOURCE, event, events, raises
from tests.integration.events.mail import Mail
from tests.integration.events.sending import handled, stopped


async def test_it_repeats_a_batch_while_the_database_is_away_and_parks_nothing(mail: Mail) -> None:
    mail.faults["A1"] = raises(NotReached("away"), times=2)
    consumer = Consumer("sales", mail.inbox())
    running = mail.begin(consumer.run())
    await InProcessBus([(SOURCE, consumer)]).publish(events("A1 B1"))
    await handled(mail, "A1 B1")
    await stopped(running)
    assert (mail.runs, await mail.parked()) == (["A1", "A1", "A1", "B1"], {})


class Bewildered(Inbox):
    """An inbox that meets what nobody foresaw, once."""

    batches = 0

    async def handle(self, events: Sequence[Event]) -> None:
        self.batches += 1
        if self.batches == 1:
            raise RuntimeError("nobody foresaw this")
        await super().handle(events)


async def test_it_outlives_what_nobody_foresaw(mail: Mail) -> None:
    consumer = Consumer("sales", Bewildered(mail.database, mail.handlers))
    running = mail.begin(consumer.run())
    await consumer.give(event("A1"))
    await handled(mail, "A1")
    await stopped(running)


async def test_it_takes_up_what_failed_when_its_pause_is_over(mail: Mail) -> None:
    mail.faults["A1"] = raises(ValueError("broken"), times=1)
    consumer = Consumer("sales", mail.inbox())
    running = mail.begin(consumer.run())
    for one in events("A1 A2"):
        await consumer.give(one)
    await handled(mail, "A1 A2")
    await stopped(running)
    assert await mail.parked() == {}
