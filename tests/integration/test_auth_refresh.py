"""Refresh tokens: used once, and whoever comes second ends the family."""

import asyncio
from functools import partial

import pytest

from app.verifier import LocalVerifier
from modules.auth import repository
from modules.auth.port import ClientCreated
from modules.auth.service import TokenRefused
from modules.kernel.database import ConstraintViolated, Database, sql
from modules.kernel.errors import InvalidToken
from modules.kernel.ids import new_id
from tests.integration.auth_world import (
    ACCESS_TTL_S,
    ISSUER,
    LOCK_FAMILIES,
    REFRESH_TTL_S,
    AuthWorld,
    error,
    forgetful,
    given,
    held_back,
    refreshed_at_once,
    request,
    service_on,
    until_waiting,
    winners,
)

PARALLEL = 32


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


async def revoked_families(world: AuthWorld) -> int:
    return len((await world.service.revocations(0)).items)


async def family_ended(world: AuthWorld, client: ClientCreated, successor: str) -> bool:
    outcome = await world.refresh(client, successor)
    return isinstance(outcome, TokenRefused) and await revoked_families(world) == 1


async def test_a_refresh_gives_new_tokens_of_the_same_family(world: AuthWorld) -> None:
    client = await world.client()
    first = await world.begin(client)
    second = given(await world.refresh(client, first.refresh_token))
    before, after = await world.claims(first), await world.claims(second)
    assert second.refresh_token != first.refresh_token
    assert before["fid"] == after["fid"]
    assert before["jti"] != after["jti"]
    assert (after["scope"], after["aud"]) == (before["scope"], before["aud"])


async def test_a_family_is_never_prolonged(world: AuthWorld) -> None:
    client = await world.client()
    token = (await world.begin(client)).refresh_token
    for _ in range(3):
        world.clock.move(REFRESH_TTL_S / 4)
        token = given(await world.refresh(client, token)).refresh_token
    world.clock.move(REFRESH_TTL_S / 4)
    assert error(await world.refresh(client, token)) == "invalid_grant"


async def test_no_access_token_outlives_its_family(world: AuthWorld) -> None:
    client = await world.client()
    token = (await world.begin(client)).refresh_token
    world.clock.move(REFRESH_TTL_S - 60)
    assert given(await world.refresh(client, token)).expires_in == 60 < ACCESS_TTL_S


async def test_a_narrower_scope_is_for_one_access_token_only(world: AuthWorld) -> None:
    client = await world.client()
    narrow = given(await world.refresh(client, (await world.begin(client)).refresh_token, scope="orders:read"))
    assert narrow.scope == "orders:read"
    assert given(await world.refresh(client, narrow.refresh_token)).scope == "orders:read orders:write"


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"scope": "orders:read stock:write"}, "invalid_scope"),
        ({"scope": "shipments:read"}, "invalid_scope"),
        ({"scope": "orders:read  orders:write"}, "invalid_scope"),
        ({"resource": "urn:waybill:delivery"}, "invalid_target"),
        ({"resource": "sales"}, "invalid_target"),
    ],
)
async def test_asking_for_more_is_refused_and_spends_nothing(
    world: AuthWorld, form: dict[str, str], expected: str
) -> None:
    client = await world.client(["orders:read", "orders:write", "shipments:read"], ["sales", "delivery"])
    token = (await world.begin(client)).refresh_token
    assert error(await world.refresh(client, token, **form)) == expected
    given(await world.refresh(client, token, resource="urn:waybill:sales"))


async def test_a_client_that_lost_a_scope_is_told_so(world: AuthWorld) -> None:
    client = await world.client()
    token = (await world.begin(client)).refresh_token
    await world.do("UPDATE client SET scopes = ARRAY['orders:read']")
    assert error(await world.refresh(client, token)) == "invalid_scope"
    assert given(await world.refresh(client, token, scope="orders:read")).scope == "orders:read"


async def test_a_client_that_lost_the_audience_is_told_so(world: AuthWorld) -> None:
    client = await world.client()
    token = (await world.begin(client)).refresh_token
    await world.do("UPDATE client SET audiences = ARRAY['delivery']")
    assert error(await world.refresh(client, token)) == "invalid_target"


async def test_another_clients_token_is_refused_and_stays_good(world: AuthWorld) -> None:
    client, other = await world.client(), await world.client()
    token = (await world.begin(client)).refresh_token
    assert error(await world.refresh(other, token)) == "invalid_grant"
    second = given(await world.refresh(client, token))
    assert error(await world.refresh(other, token)) == "invalid_grant"
    given(await world.refresh(client, second.refresh_token))
    assert await revoked_families(world) == 0


async def test_a_raised_generation_ends_all_families_of_the_client(world: AuthWorld) -> None:
    client = await world.client()
    token = (await world.begin(client)).refresh_token
    await world.do("UPDATE client SET generation = generation + 1")
    assert error(await world.refresh(client, token)) == "invalid_grant"
    assert (await world.claims(await world.begin(client)))["gen"] == 2


async def test_reuse_ends_the_family(world: AuthWorld) -> None:
    client = await world.client()
    first = await world.begin(client)
    second = given(await world.refresh(client, first.refresh_token))
    assert error(await world.refresh(client, first.refresh_token)) == "invalid_grant"
    assert await family_ended(world, client, second.refresh_token)


async def test_reuse_ends_the_family_whatever_else_is_wrong_with_the_request(world: AuthWorld) -> None:
    client = await world.client()
    first = await world.begin(client)
    second = given(await world.refresh(client, first.refresh_token))
    assert error(await world.refresh(client, first.refresh_token, scope="nonsense")) == "invalid_grant"
    assert await family_ended(world, client, second.refresh_token)


async def test_reuse_reaches_the_verifiers(world: AuthWorld) -> None:
    client = await world.client()
    other = await world.begin(client)
    first = await world.begin(client)
    second = given(await world.refresh(client, first.refresh_token))
    verifier = LocalVerifier(ISSUER, 10, world.clock)
    await verifier.learn(world.service)
    for answer in (first, second):
        verifier.verify(answer.access_token, "sales")
    await world.refresh(client, first.refresh_token)
    await verifier.learn(world.service)
    for answer in (first, second):
        with pytest.raises(InvalidToken):
            verifier.verify(answer.access_token, "sales")
    verifier.verify(other.access_token, "sales")


async def test_reuse_is_told_to_the_verifiers_once(world: AuthWorld) -> None:
    client = await world.client()
    first = await world.begin(client)
    await world.refresh(client, first.refresh_token)
    for _ in range(3):
        assert error(await world.refresh(client, first.refresh_token)) == "invalid_grant"
    assert await revoked_families(world) == 1


async def test_of_32_refreshes_at_once_one_wins_and_the_family_ends(world: AuthWorld) -> None:
    client = await world.client()
    outcomes = await refreshed_at_once(world, client, (await world.begin(client)).refresh_token, PARALLEL)
    (winner,) = winners(outcomes)
    assert {error(outcome) for outcome in outcomes if outcome is not winner} == {"invalid_grant"}
    assert len(await world.run("SELECT digest FROM refresh_token")) == 2
    assert await family_ended(world, client, winner.refresh_token)


async def test_the_same_token_twice_in_one_batch_has_one_winner(world: AuthWorld) -> None:
    client = await world.client()
    token = (await world.begin(client)).refresh_token
    asked = [request(client, grant_type="refresh_token", refresh_token=token) for _ in range(5)]
    (winner,) = winners(await world.service.issue_tokens(asked))
    assert await family_ended(world, client, winner.refresh_token)


async def test_a_refresh_that_waited_for_a_revocation_loses(world: AuthWorld) -> None:
    client = await world.client()
    token = (await world.begin(client)).refresh_token
    ((family,),) = await world.run("SELECT id FROM token_family")
    now = world.clock.now()
    async with world.database.transaction() as transaction:
        await repository.revocations.revoke_families(transaction, [family], "test", now, now)
        refresh = asyncio.ensure_future(world.refresh(client, token))
        await until_waiting(world.database, 1)
    assert error(await refresh) == "invalid_grant"
    assert len(await world.run("SELECT digest FROM refresh_token")) == 1


async def test_batches_that_share_families_do_not_lock_each_other_out(world: AuthWorld) -> None:
    client = await world.client()
    tokens = [(await world.begin(client)).refresh_token for _ in range(6)]
    batches = [
        [request(client, grant_type="refresh_token", refresh_token=token) for token in order]
        for order in (tokens, tokens[::-1])
    ]
    results = await held_back(
        world.database, LOCK_FAMILIES, [partial(world.service.issue_tokens, batch) for batch in batches]
    )
    assert sorted(len(winners(outcomes)) for outcomes in results) == [0, 6]


async def test_batches_that_end_each_others_families_do_not_lock_each_other_out(world: AuthWorld) -> None:
    client = await world.client()
    used = [(await world.begin(client)).refresh_token for _ in range(2)]
    live = [given(await world.refresh(client, token)).refresh_token for token in used]
    batches = [
        [request(client, grant_type="refresh_token", refresh_token=token) for token in pair]
        for pair in ((live[0], used[1]), (live[1], used[0]))
    ]
    results = await held_back(
        world.database, LOCK_FAMILIES, [partial(world.service.issue_tokens, batch) for batch in batches]
    )
    assert sorted(len(winners(outcomes)) for outcomes in results) == [0, 1]
    assert await revoked_families(world) == 2


async def test_a_lost_commit_answer_is_not_taken_for_theft(world: AuthWorld) -> None:
    client = await world.client()
    first = await world.begin(client)
    database = forgetful(world.database)
    service = service_on(database, world.clock)
    await service.keys()
    database.losses = 1
    asked = request(client, grant_type="refresh_token", refresh_token=first.refresh_token)
    second = given((await service.issue_tokens([asked]))[0])
    assert await revoked_families(world) == 0
    given(await world.refresh(client, second.refresh_token))


async def test_repeating_an_attempt_gives_the_same_refresh_token(world: AuthWorld) -> None:
    client = await world.client()
    first = await world.begin(client)
    asked = request(client, grant_type="refresh_token", refresh_token=first.refresh_token)
    one, two = [given((await world.service.issue_tokens([asked]))[0]) for _ in range(2)]
    assert one.refresh_token == two.refresh_token
    assert (await world.claims(one))["jti"] == (await world.claims(two))["jti"]


async def test_the_database_itself_refuses_a_second_live_token_of_a_family(world: AuthWorld) -> None:
    await world.begin(await world.client())
    with pytest.raises(ConstraintViolated, match="refresh_token_one_live"):
        await world.do("""
            INSERT INTO refresh_token (digest, family_id, issued_at, access_jti, access_expires_at)
            SELECT sha256(digest), family_id, issued_at, access_jti, access_expires_at FROM refresh_token
        """)


async def test_numbers_of_revocations_are_never_seen_out_of_order(world: AuthWorld) -> None:
    client = await world.client()
    for _ in range(3):
        await world.begin(client)
    one, two, three = [row.id for row in await world.run("SELECT id FROM token_family ORDER BY id")]
    now = world.clock.now()
    revoke = partial(repository.revocations.revoke_families, reason="test", now=now, until=now)

    async def later() -> None:
        async with world.database.transaction() as transaction:
            await revoke(transaction, [one, two])

    async with world.database.transaction() as transaction:
        await revoke(transaction, [three])
        second = asyncio.ensure_future(later())
        await until_waiting(world.database, 1)
        assert (await world.service.revocations(0)).items == ()
    await second
    items = (await world.service.revocations(0)).items
    assert [(item.sequence, item.family) for item in items] == [(1, three), (2, one), (3, two)]
    assert [item.sequence for item in (await world.service.revocations(2)).items] == [3]


async def test_a_deleted_client_takes_its_tokens_with_it(world: AuthWorld) -> None:
    client = await world.client()
    await world.begin(client)
    async with world.database.transaction() as transaction:
        await transaction.execute(sql("DELETE FROM client WHERE id = :id"), id=client.client.id)
    assert await world.run("SELECT digest FROM refresh_token") == []


async def test_a_refresh_looks_through_neither_its_family_nor_all_families(world: AuthWorld) -> None:
    """As it is planned while the tables are small: that plan is kept while they grow."""
    values = {"rows": "[]", "families": [new_id()], "now": world.clock.now()}
    plan = "\n".join(row[0] for row in await world.run(f"EXPLAIN {repository.tokens.ROTATE}", **values))
    ways = ("token_family_expiry", "refresh_token_family", "refresh_token_one_live")
    assert [way for way in ways if way in plan] == []
