"""What auth said last, kept for a start without it: the keys, what was revoked, and for how long it has been silent."""

import math
from datetime import timedelta
from uuid import UUID

import pytest

from app.verifier import LocalVerifier, Remembered
from modules.auth.port import Revocation
from modules.kernel.database import Database, sql
from modules.kernel.errors import InvalidToken, NotReached
from modules.kernel.memory import Memory
from tests.support.statements import Traffic, traffic
from tests.unit.verifier_world import ISSUER, World

SILENT_S = 60
CHANGE = sql("UPDATE peer_memory SET content = CAST(:heard AS json) WHERE name = 'auth.heard'")


def started(world: World, database: Database) -> LocalVerifier:
    """A process of a service, just started."""
    return LocalVerifier(
        ISSUER,
        10,
        world.clock,
        steady=world.clock.steady,
        silent_s=SILENT_S,
        memory=Remembered(Memory(database), world.clock),
    )


async def learns(verifier: LocalVerifier, world: World, seconds: int) -> None:
    for _ in range(seconds):
        await verifier.learn(world.auth)
        world.clock.move(1)


def may_change(verifier: LocalVerifier, world: World) -> bool:
    try:
        verifier.verify(world.token(), "sales", changes=True)
    except NotReached:
        return False
    return True


def remembered(seen: Traffic) -> int:
    return len([one for one in seen.statements if "INSERT INTO peer_memory" in one])


async def test_when_auth_was_heard_last_is_noted_every_ten_seconds_at_most(sales_database: Database) -> None:
    world = World()
    verifier = started(world, sales_database)
    with traffic(sales_database) as seen:
        await learns(verifier, world, 1)
    assert remembered(seen) == 3  # the keys, what was revoked, and when
    with traffic(sales_database) as seen:
        await learns(verifier, world, 9)
        assert remembered(seen) == 0
        await learns(verifier, world, 21)
    assert remembered(seen) == 3


async def test_a_process_that_starts_while_auth_is_away_goes_on_counting_the_silence(sales_database: Database) -> None:
    world = World()
    await learns(started(world, sales_database), world, 1)
    world.auth.away = True
    world.clock.move(39)
    again = started(world, sales_database)
    assert (again.ready, again.silent_for_s) == (False, math.inf)
    await again.recall()
    assert (again.ready, again.silent_for_s) == (True, 40)
    assert may_change(again, world)
    world.clock.move(20)
    assert may_change(again, world)
    world.clock.move(1)
    assert not may_change(again, world)
    assert again.verify(world.token(), "sales").client_id == "client"
    third = started(world, sales_database)  # one that starts again does not begin anew
    await third.recall()
    assert (third.silent_for_s, may_change(third, world)) == (61, False)
    world.auth.away = False
    await third.learn(world.auth)
    assert (third.silent_for_s, may_change(third, world)) == (0, True)


async def test_what_is_noted_is_never_later_than_what_was_heard_and_ten_seconds_earlier_at_most(
    sales_database: Database,
) -> None:
    world = World()
    verifier = started(world, sales_database)
    for _ in range(25):
        await learns(verifier, world, 1)
        again = started(world, sales_database)
        await again.recall()
        assert 0 <= again.silent_for_s - verifier.silent_for_s < 10


async def test_a_clock_that_was_put_back_makes_no_silence_shorter_than_none(sales_database: Database) -> None:
    world = World()
    await learns(started(world, sales_database), world, 1)
    world.clock.move(-3600)
    again = started(world, sales_database)
    await again.recall()
    assert again.silent_for_s == 0


async def test_of_a_release_before_that_noted_no_silence_nothing_is_changed_until_auth_is_heard(
    sales_database: Database,
) -> None:
    world = World()
    await learns(started(world, sales_database), world, 1)
    async with sales_database.transaction() as transaction:
        await transaction.execute(sql("DELETE FROM peer_memory WHERE name = 'auth.heard'"))
    again = started(world, sales_database)
    await again.recall()
    assert (again.ready, may_change(again, world)) == (True, False)
    await again.learn(world.auth)
    assert may_change(again, world)


async def test_what_was_revoked_is_refused_by_a_process_that_never_heard_of_it_itself(
    sales_database: Database,
) -> None:
    world = World()
    family = UUID(int=1)
    world.auth.revoked.append(Revocation(1, world.clock.now() + timedelta(hours=2), family=family))
    await learns(started(world, sales_database), world, 1)
    again = started(world, sales_database)
    await again.recall()
    with pytest.raises(InvalidToken):
        again.verify(world.token(fid=str(family)), "sales")
    assert again.verify(world.token(fid=str(UUID(int=2))), "sales")


@pytest.mark.parametrize("heard", ['{"at": "soon"}', "{}", "7", '{"at": 7}'])
async def test_what_makes_no_sense_is_asked_for_anew(sales_database: Database, heard: str) -> None:
    world = World()
    await learns(started(world, sales_database), world, 1)
    async with sales_database.transaction() as transaction:
        await transaction.execute(CHANGE, heard=heard)
    again = started(world, sales_database)
    await again.recall()
    assert not again.ready
    await again.learn(world.auth)
    assert may_change(again, world)
