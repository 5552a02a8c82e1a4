"""What every bus does between a relay and the inboxes of its subscribers."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from modules.kernel.database import Database
from modules.kernel.errors import NotReached
from modules.kernel.events import Bus
from tests.contract.bus_depots import Depot
from tests.contract.bus_fixture import databases, depot
from tests.integration.events.letters import Killed, Overheard, event, raises
from tests.integration.events.mail import Mail, check
from tests.integration.events.mail_fixture import emptied
from tests.integration.events.sending import handled, lease_runs_out
from tests.support.interleaving import Gate

__all__ = ["databases", "depot"]

MANY = " ".join(f"{subject}{number}" for number in range(1, 9) for subject in "ABCDEFGH")


@pytest.fixture
async def mails(databases: tuple[Database, Database], depot: Depot) -> AsyncIterator[tuple[Mail, Mail]]:
    """Two modules; the first emits, too."""
    del depot  # they end before it does
    one, other = [await emptied(database) for database in databases]
    yield one, other
    for mail in (one, other):
        await mail.end()
        await check(mail)


@pytest.fixture
def mail(mails: tuple[Mail, Mail]) -> Mail:
    return mails[0]


async def test_it_answers_a_place_for_each_event_in_order(depot: Depot, mail: Mail) -> None:
    process = await depot.start(mail, mail)
    bus: Bus = process.bus
    assert await bus.identify() == await bus.identify() != ""
    assert await process.publish("") == []
    places = await process.publish("A1 B1 C1")
    assert len({place for place in places if place}) == 3
    await handled(mail, "A1 B1 C1")


async def test_events_take_effect_once_and_in_order(depot: Depot, mail: Mail) -> None:
    process = await depot.start(mail, mail)
    await process.publish(MANY)
    await handled(mail, MANY)


@pytest.mark.parametrize("seed", range(3))
async def test_events_that_come_twice_and_in_any_order_take_effect_once_and_in_theirs(
    depot: Depot, mail: Mail, seed: int
) -> None:
    process = await depot.start(mail, mail)
    batch = [*MANY.split(), *MANY.split()]
    Random(seed).shuffle(batch)  # noqa: S311
    for begin in range(0, len(batch), 16):
        await process.publish(" ".join(batch[begin : begin + 16]))
    await handled(mail, MANY)


async def test_an_event_over_a_gap_waits_until_the_gap_closes(depot: Depot, mail: Mail) -> None:
    process = await depot.start(mail, mail)
    await process.publish("A2 B1")
    await handled(mail, "B1")
    await process.publish("A1")
    await handled(mail, "B1 A1 A2")


async def test_an_event_that_fails_is_tried_again_and_its_neighbours_go_on_meanwhile(depot: Depot, mail: Mail) -> None:
    mail.faults["A1"] = raises(ValueError("broken"), times=4)
    process = await depot.start(mail, mail)
    await process.publish("A1 B1 A2 C1")
    await handled(mail, "B1 C1 A1 A2")
    assert await mail.effects() == "B1 C1 A1 A2"


async def test_a_poisonous_event_keeps_its_own_subject_waiting_only(depot: Depot, mail: Mail) -> None:
    mail.faults["A2"] = raises(ValueError("broken"))
    process = await depot.start(mail, mail)
    await process.publish("A1 A2 B1")
    await process.publish("A3 B2 C1")
    await handled(mail, "A1 B1 B2 C1")
    assert list(await mail.parked()) == ["A2", "A3"]


async def test_an_outage_of_its_database_costs_a_subscriber_nothing(depot: Depot, mail: Mail) -> None:
    mail.faults["B1"] = raises(NotReached("away"), times=2)
    process = await depot.start(mail, mail)
    await process.publish("A1 B1 C1")
    await handled(mail, "A1 B1 C1")
    assert await mail.parked() == {}


async def test_each_module_gets_every_event_whatever_happens_in_another(depot: Depot, mails: tuple[Mail, Mail]) -> None:
    one, other = mails
    one.faults["A1"] = raises(ValueError("broken"))
    process = await depot.start(one, one, other)
    await process.publish("A1 A2 B1")
    await handled(other, "A1 A2 B1")
    await handled(one, "B1")


async def test_two_processes_of_a_module_give_an_event_one_effect(depot: Depot, mail: Mail) -> None:
    processes = [await depot.start(mail, mail) for _ in range(2)]
    await asyncio.gather(*(process.publish(MANY) for process in processes))
    await handled(mail, MANY)


async def test_a_module_that_comes_late_gets_what_is_not_settled(depot: Depot, mails: tuple[Mail, Mail]) -> None:
    one, late = mails
    before = await depot.start(one, one, subscribers=mails)
    await one.record("A1 A2 B1")
    await before.relay()
    await handled(one, "A1 A2 B1")
    await before.stop()
    after = await depot.start(one, one, late)
    await after.settled()
    assert sorted((await late.effects()).split()) == ["A1", "A2", "B1"]


async def test_it_holds_up_who_sends_faster_than_is_handled(depot: Depot, mail: Mail) -> None:
    mail.faults["A1"] = (gate := Gate()).passed
    process = await depot.start(mail, mail)
    await process.publish("A1")
    await gate.reached()
    number = (depot.holds or 2000) + 1
    burst = [event(f"B{sequence}", Overheard.TYPE) for sequence in range(1, number + 1)]
    publishing = mail.begin(process.bus.publish(burst))
    for _ in range(50):
        await asyncio.sleep(0)
    if depot.holds is not None:
        assert not publishing.done(), "it takes more than it can hold"
    gate.open()
    assert None not in await publishing
    await handled(mail, "A1")


async def test_a_process_that_is_stopped_in_the_middle_of_a_batch_loses_nothing(depot: Depot, mail: Mail) -> None:
    mail.faults["B1"] = (gate := Gate()).passed
    before = await depot.start(mail, mail)
    await mail.record("A1 B1 C1 A2")
    await before.relay()
    await gate.reached()
    await before.stop()
    assert (await mail.effects()).split() in ([], ["A1"])  # a bus may give one event first, and then the others
    mail.faults.clear()
    await (await depot.start(mail, mail)).settled()
    assert sorted((await mail.effects()).split()) == ["A1", "A2", "B1", "C1"]


async def test_another_bus_takes_over_with_what_the_last_one_held(depot: Depot, mail: Mail) -> None:
    await mail.record("A1 B1")
    before = await depot.start(mail, mail)
    await before.stop()
    await before.relay()  # nobody reads any more
    identity = await before.bus.identify()
    await lease_runs_out(mail)
    await mail.record("A2")
    after = await depot.start(mail, mail)
    assert (identity == await after.bus.identify()) is depot.lasts
    await after.settled()
    assert sorted((await mail.effects()).split()) == ["A1", "A2", "B1"]


async def test_an_event_that_kills_its_process_is_given_up_where_deaths_are_counted_and_comes_again_elsewhere(
    depot: Depot, mail: Mail
) -> None:
    mail.faults["A1"] = raises(Killed())
    await mail.record("A1 B1")
    for killed in range(1, 5):
        process = await depot.start(mail, mail)
        await process.relay()
        _, alive = await asyncio.wait(process._running, timeout=10)
        await process.stop()
        assert not alive, "it went on"
        assert mail.runs.count("A1") == killed
        await depot.time_passes()
    process = await depot.start(mail, mail)
    await process.relay()
    if depot.counts_deaths:
        await handled(mail, "B1")
        assert await mail.parked() == {"A1": "dead 4"}
        assert mail.runs.count("A1") == 4
    else:
        await asyncio.wait(process._running, timeout=10)
        assert mail.runs.count("A1") == 5
