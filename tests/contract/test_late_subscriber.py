"""A module that is new follows others from where they are when it comes, over every bus."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from modules.kernel.adoption import Adoption
from modules.kernel.database import Database
from modules.kernel.mailroom import Departures
from tests.contract.bus_depots import Depot, Process
from tests.contract.bus_fixture import databases, depot
from tests.integration.events.letters import SOURCE
from tests.integration.events.mail import Mail, check
from tests.integration.events.mail_fixture import emptied
from tests.integration.events.sending import handled
from tests.integration.events.teller import Teller
from tests.support.interleaving import Gate

__all__ = ["databases", "depot"]

BEFORE = "A1 A2 A3 B1"


@pytest.fixture
async def old(databases: tuple[Database, Database], depot: Depot) -> AsyncIterator[Mail]:
    """A module that emits and follows itself."""
    del depot  # it ends before that does
    mail = await emptied(databases[0])
    yield mail
    await mail.end()
    await check(mail)


@pytest.fixture
async def late(databases: tuple[Database, Database]) -> Mail:
    """A module that nobody knew when these events were told."""
    return await emptied(databases[1])


async def told_before(depot: Depot, old: Mail) -> Process:
    """All of that is handled by those who were there, settled, and not kept any more."""
    process = await depot.start(old, old)
    await old.record(BEFORE)
    await process.settled()
    await old.do("DELETE FROM outbox")
    return process


def comes(late: Mail, teller: Teller) -> None:
    late.adoption = Adoption(late.database, {SOURCE: teller.last_told})


async def test_a_module_that_is_new_gets_what_comes_after_it_and_nothing_before(
    depot: Depot, old: Mail, late: Mail
) -> None:
    await (await told_before(depot, old)).stop()
    comes(late, Teller("A3 B1"))
    process = await depot.start(old, old, late)
    await old.record("A4 C1 B2 A5")
    await process.settled()
    assert sorted((await late.effects()).split()) == ["A4", "A5", "B2", "C1"]
    assert await late.parked() == {}
    assert sorted((await old.effects()).split()) == sorted([*BEFORE.split(), "A4", "A5", "B2", "C1"])


async def test_what_is_told_while_a_new_module_waits_for_the_emitter_is_handled_when_that_has_answered(
    depot: Depot, old: Mail, late: Mail
) -> None:
    await (await told_before(depot, old)).stop()
    comes(late, Teller("A3 B1", before=(gate := Gate()).passed))
    process = await depot.start(old, old, late)
    await gate.reached()
    await old.record("A4 B2 A5")
    await process.relay()
    await handled(old, f"{BEFORE} A4 B2 A5")
    await process.relay()
    assert (await late.effects(), await late.parked()) == ("", {})
    assert set((await old.outgoing()).values()) == {"published"}, "it went out again, or counts as handled"
    gate.open()
    await process.settled()
    assert sorted((await late.effects()).split()) == ["A4", "A5", "B2"]


async def test_what_is_still_on_the_way_when_a_module_comes_counts_as_handled_as_far_as_the_emitter_says(
    depot: Depot, old: Mail, late: Mail
) -> None:
    before = await depot.start(old, old, subscribers=[old, late])
    await old.record("A1 A2 B1")
    await before.relay()
    await handled(old, "A1 A2 B1")
    await before.stop()
    comes(late, Teller("A2"))
    await (await depot.start(old, old, late)).settled()
    assert await late.effects() == "B1"


async def test_several_processes_of_a_new_module_begin_together(depot: Depot, old: Mail, late: Mail) -> None:
    await (await told_before(depot, old)).stop()
    comes(late, Teller("A3 B1", page=1))
    processes = [await depot.start(old, old, late) for _ in range(2)]
    await old.record("A4 B2 C1")
    await processes[0].settled()
    assert sorted((await late.effects()).split()) == ["A4", "B2", "C1"]
    assert await late.parked() == {}


async def test_what_was_settled_before_a_new_module_was_asked_is_told_again_on_demand(
    depot: Depot, old: Mail, late: Mail
) -> None:
    unaware = await told_before(depot, old)
    comes(late, Teller("A3 B1"))
    assert late.adoption is not None
    await late.adoption.adopt(SOURCE)
    await old.record("A4")
    await unaware.settled()
    await unaware.stop()
    process = await depot.start(old, old, late)
    await old.record("A5")
    await process.relay()
    await handled(old, f"{BEFORE} A4 A5")
    assert await Departs(old).republish("maria", datetime.now(UTC) - timedelta(hours=1)) == 2
    await process.settled()
    assert await late.effects() == "A4 A5"
    assert await late.parked() == {}


class Departs(Departures):
    """What the operator does about the events that a module tells."""

    def __init__(self, mail: Mail) -> None:
        self._database = mail.database
