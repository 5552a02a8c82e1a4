"""A database is restarted under events, or a module is away for days: whatever the bus, nothing is lost or blamed."""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from datetime import timedelta

import pytest

from app.database import open_database
from app.embedded import SUPERUSER, EmbeddedPostgres
from app.migrations import Migrations
from modules.kernel.database import Database, sql
from modules.kernel.errors import Unavailable
from tests.contract.bus_depots import DEPOTS, Depot
from tests.integration.events.letters import once
from tests.integration.events.mail import EFFECTS, Mail, check
from tests.integration.events.mail_fixture import emptied, opened
from tests.processes import until
from tests.support.interleaving import Gate
from tests.support.shop_fixture import Server

AGE = """
    UPDATE outbox SET recorded_at = recorded_at - :age, published_at = published_at - :age,
        check_at = check_at - :age, settled_at = settled_at - :age
"""
MONTH = timedelta(days=30)


@pytest.fixture(params=[name for name in DEPOTS if name != "by_hand"])  # which is the one in process, and watched
async def depot(request: pytest.FixtureRequest, brokers: Mapping[str, str]) -> AsyncIterator[Depot]:
    made = DEPOTS[request.param](brokers)
    await made.open()
    yield made
    await made.close()


# the database is restarted


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    passwords = {SUPERUSER: "s", "sales": "p"}
    with EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), passwords) as started:  # what commits stays
        migrations = Migrations("sales", started.dsn("sales"))
        migrations.upgrade()
        migrations.close()
        yield started


@pytest.fixture
async def own(server: EmbeddedPostgres, depot: Depot) -> AsyncIterator[Mail]:
    """A module on a server that a test may restart."""
    del depot  # it ends after the module
    database = open_database("sales", server.dsn("sales"), pool_size=8)
    await patiently(lambda: made(database))
    mail = await emptied(database)
    yield mail
    await mail.end()
    await patiently(lambda: check(mail))
    await database.close()


async def made(database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(sql(EFFECTS))


async def patiently(work: Callable[[], Awaitable[None]]) -> None:
    """Do what reads, once more for each connection that a restart has broken."""
    for _ in range(16):
        try:
            await work()
        except Unavailable:
            continue
        return
    await work()


def restart(server: EmbeddedPostgres) -> None:
    """An immediate shutdown, as a crash is for everybody connected, and a start."""
    os.kill(server.pid or 0, signal.SIGQUIT)
    until(lambda: server.poll() is not None)
    server.launch()
    until(server.is_ready)


async def test_a_restart_of_postgres_in_the_middle_of_an_event_blames_nobody(
    depot: Depot, own: Mail, server: EmbeddedPostgres
) -> None:
    own.faults["B1"] = once((gate := Gate()).passed)
    process = await depot.start(own, own)
    await own.record("A1 B1 C1 B2")
    await process.relay()
    await gate.reached()
    restart(server)
    gate.open()
    await patiently(process.settled)
    assert sorted((await own.effects()).split()) == ["A1", "B1", "B2", "C1"]
    assert own.runs.count("B1") > 1, "it was not handled when the database went away"
    assert await own.parked() == {}


async def test_a_restart_of_postgres_in_the_middle_of_an_attempt_is_no_attempt(
    depot: Depot, own: Mail, server: EmbeddedPostgres
) -> None:
    attempts: list[str] = []
    gate = Gate()

    async def fails_once_and_then_waits() -> None:
        state = (await own.parked()).get("B1")
        if state is None:
            raise ValueError("broken")
        attempts.append(state)
        await gate.passed()

    own.faults["B1"] = fails_once_and_then_waits
    process = await depot.start(own, own)
    await own.record("A1 B1 B2")
    await process.relay()
    await gate.reached()
    restart(server)
    gate.open()
    await patiently(process.settled)
    assert len(attempts) > 1, "it was not tried when the database went away"
    assert set(attempts) == {"retrying 2"}, "a restart was counted"
    assert sorted((await own.effects()).split()) == ["A1", "B1", "B2"]
    assert await own.parked() == {}


# a module is away for days


@pytest.fixture(scope="module")
async def databases(postgres: Server) -> AsyncIterator[tuple[Database, Database]]:
    async for one in opened(postgres, "sales"):
        async for other in opened(postgres, "product"):
            yield one, other


@pytest.fixture
async def mails(databases: tuple[Database, Database], depot: Depot) -> AsyncIterator[tuple[Mail, Mail]]:
    """Two modules; the first emits, too."""
    del depot  # they end before it does
    one, other = [await emptied(database) for database in databases]
    yield one, other
    for mail in (one, other):
        await mail.end()
        await check(mail)


async def test_a_module_that_was_away_for_a_month_is_told_everything_in_order(
    depot: Depot, mails: tuple[Mail, Mail]
) -> None:
    one, away = mails
    process = await depot.start(one, one, away)
    await one.record("A1 B1")
    await process.settled()
    await process.stop()
    process = await depot.start(one, one, subscribers=mails)
    for called in ("A2", "B2 A3", "C1 B3"):
        await one.record(called)
        await process.relay()
        await one.do(AGE, age=MONTH)  # longer than anything settled is kept
        await process.relay(all_due=True)
    assert list(await one.outgoing()) == ["A2", "B2", "A3", "C1", "B3"], "what a module has not handled was pruned"
    assert sorted((await one.effects()).split()) == ["A1", "A2", "A3", "B1", "B2", "B3", "C1"]
    assert await away.effects() == "A1 B1"
    await process.stop()
    back = await depot.start(one, one, away)
    await back.settled()
    assert sorted((await away.effects()).split()) == ["A1", "A2", "A3", "B1", "B2", "B3", "C1"]
    assert await away.parked() == {}
    await one.do(AGE, age=MONTH)
    await back.relay(all_due=True)
    assert await one.outgoing() == {}, "what all have handled is kept for ever"
