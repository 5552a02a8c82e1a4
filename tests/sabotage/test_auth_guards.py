"""The guards of the token endpoint, taken away one by one: the promise behind each must break."""

import asyncio
import itertools
from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

import pytest

from modules.auth import repository
from modules.auth.model.token import Issue
from modules.kernel.database import ConstraintViolated, Database, Statement, Transaction, sql
from modules.kernel.errors import Contended
from tests.integration import test_auth_refresh as promises
from tests.integration.auth_world import (
    AuthWorld,
    given,
    refreshed_at_once,
    request,
    winners,
)
from tests.sabotage.guards import seen_red

ONCE = "AND t.consumed_at IS NULL"
LOCK = "FOR NO KEY UPDATE"
ONE_LIVE = "DROP INDEX refresh_token_one_live"


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


def without(statement: Statement, guard: str, instead: str = "") -> Statement:
    """The statement as it would be if someone had forgotten the guard."""
    assert guard in statement
    return sql(statement.replace(guard, instead))


async def won_at_once(world: AuthWorld) -> int:
    client = await world.client()
    return len(winners(await refreshed_at_once(world, client, (await world.begin(client)).refresh_token, 4)))


@seen_red(
    "P5",
    "a refresh token is exchanged while nobody has (`consumed_at IS NULL`), one of a family is live (`refresh_token_one_live`)",
    test=promises.test_of_32_refreshes_at_once_one_wins_and_the_family_ends,
)
async def test_without_the_condition_and_the_index_a_token_is_exchanged_more_than_once(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The condition is left out and the index dropped; either alone still stops a second exchange."""
    monkeypatch.setattr(repository.tokens, "ROTATE", without(repository.tokens.ROTATE, ONCE))
    await world.do(ONE_LIVE)
    assert await won_at_once(world) > 1


async def test_without_the_condition_the_index_still_stops_a_second_exchange(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository.tokens, "ROTATE", without(repository.tokens.ROTATE, ONCE))
    with pytest.raises(ConstraintViolated, match="refresh_token_one_live"):
        await won_at_once(world)


async def test_without_the_index_the_condition_still_stops_a_second_exchange(world: AuthWorld) -> None:
    await world.do(ONE_LIVE)
    assert await won_at_once(world) == 1


@seen_red(
    "P5", "the row lock on a family that is refreshed", test=promises.test_a_refresh_that_waited_for_a_revocation_loses
)
async def test_without_the_lock_a_family_is_refreshed_while_it_is_revoked(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is exchanged without a lock: what is being revoked is not waited for."""
    client = await world.client()
    token = (await world.begin(client)).refresh_token
    ((family,),) = await world.run("SELECT id FROM token_family")
    now = world.clock.now()
    monkeypatch.setattr(repository.tokens, "ROTATE", without(repository.tokens.ROTATE, LOCK))
    async with world.database.transaction() as transaction:
        await repository.revocations.revoke_families(transaction, [family], "test", now, now)
        given(await world.refresh(client, token))


@seen_red(
    "P5",
    "the counter's lock gives revocations their numbers",
    test=promises.test_numbers_of_revocations_are_never_seen_out_of_order,
)
async def test_without_the_counters_lock_a_reader_steps_over_a_revocation(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They come from a sequence: a higher one may be read before a lower one is there."""
    client = await world.client()
    for _ in range(2):
        await world.begin(client)
    slow, quick = [row.id for row in await world.run("SELECT id FROM token_family ORDER BY id")]
    now = world.clock.now()
    counted = repository.revocations.REVOKE_FAMILIES.partition("INSERT INTO revocation_counter")[2].partition(
        "RETURNING last"
    )
    counter = f"INSERT INTO revocation_counter{counted[0]}{counted[1]}"
    await world.do("CREATE SEQUENCE quicker")
    forgotten = without(
        repository.revocations.REVOKE_FAMILIES, counter, "SELECT nextval('quicker') AS last FROM revoked"
    )
    monkeypatch.setattr(repository.revocations, "REVOKE_FAMILIES", forgotten)
    async with world.database.transaction() as transaction:
        await repository.revocations.revoke_families(transaction, [slow], "test", now, now)
        async with world.database.transaction() as other:
            await repository.revocations.revoke_families(other, [quick], "test", now, now)
        seen = (await world.service.revocations(0)).items
    assert [one.family for one in seen] == [quick]
    assert (await world.service.revocations(seen[-1].sequence)).items == ()


@seen_red(
    "P6",
    "all families of a batch are locked at once, those that end included",
    test=promises.test_batches_that_end_each_others_families_do_not_lock_each_other_out,
)
async def test_without_locking_doomed_families_at_once_batches_lock_each_other_out(
    world: AuthWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that end are locked when their turn comes."""
    client = await world.client()
    used = [(await world.begin(client)).refresh_token for _ in range(2)]
    live = [given(await world.refresh(client, token)).refresh_token for token in used]
    batches = [
        [request(client, grant_type="refresh_token", refresh_token=token) for token in pair]
        for pair in ((live[0], used[1]), (live[1], used[0]))
    ]
    rotate, rotated, both = repository.tokens.rotate, itertools.count(1), asyncio.Barrier(2)

    async def forgetting(
        transaction: Transaction, issues: Sequence[Issue], _doomed: Collection[UUID], now: datetime
    ) -> frozenset[UUID]:
        won = await rotate(transaction, issues, (), now)
        if next(rotated) <= len(batches):  # each has its own family now, and will want the other's
            await both.wait()
        return won

    monkeypatch.setattr(repository.tokens, "rotate", forgetting)
    with pytest.raises(Contended):
        await asyncio.gather(*(world.service.issue_tokens(one) for one in batches))
