"""What is over goes, in batches; what may still matter stays."""

from datetime import timedelta

import pytest

from modules.auth.model.token import REMEMBERED
from modules.auth.service import FAILURES_KEPT, RETIRED_KEPT, read_request
from modules.auth.service.issuing import TokenAnswer
from modules.kernel.database import Database
from tests.integration.auth_world import ACCESS_TTL_S, REFRESH_TTL_S, AuthWorld, error, given, request


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


async def rows(world: AuthWorld, table: str) -> int:
    return len(await world.run(f"SELECT FROM {table}"))


async def pruned(world: AuthWorld, limit: int = 1000) -> dict[str, int]:
    """What was taken away, by kind."""
    return {kind: count for kind, count in (await world.service.prune(limit)).items() if count}


async def test_a_family_goes_when_it_is_over_with_all_its_links_and_not_before(world: AuthWorld) -> None:
    client = await world.client()
    tokens = await world.begin(client)
    await world.refresh(client, tokens.refresh_token)
    world.clock.move(REFRESH_TTL_S - 1)
    young = await world.begin(client)
    assert not await pruned(world)
    assert (
        error(await world.refresh(client, tokens.refresh_token)) == "invalid_grant"
    )  # a used one is still known as such
    world.clock.move(2)
    assert await pruned(world) == {"families": 1}
    assert (await rows(world, "token_family"), await rows(world, "refresh_token")) == (1, 1)
    assert (await world.refresh(client, young.refresh_token)).access_token  # type: ignore[union-attr]


async def test_a_revocation_is_told_until_no_token_can_be_alive_and_its_number_is_not_given_again(
    world: AuthWorld,
) -> None:
    client = await world.client()
    await world.service.revoke(request(client, token=(await world.begin(client)).access_token))
    world.clock.move(REMEMBERED.total_seconds() - 1)
    await world.service.prune()
    assert [one.sequence for one in (await world.service.revocations(0)).items] == [1]
    world.clock.move(2)
    await world.service.prune()
    assert (await world.service.revocations(0)).items == ()
    await world.service.revoke(request(client, token=(await world.begin(client)).access_token))
    assert [one.sequence for one in (await world.service.revocations(0)).items] == [2]


async def test_a_retired_secret_is_kept_for_a_month(world: AuthWorld) -> None:
    client = await world.client()
    retired = world.clock.now() - RETIRED_KEPT
    statement = "UPDATE client_secret SET retired_at = :at WHERE client_id = :id"
    await world.do(statement, at=retired + timedelta(seconds=1), id=client.client.id)
    assert not await pruned(world)
    await world.do(statement, at=retired - timedelta(seconds=1), id=client.client.id)
    assert (await pruned(world), await rows(world, "client_secret")) == ({"secrets": 1}, 0)


async def test_it_takes_away_a_bounded_number_at_a_time(world: AuthWorld) -> None:
    client = await world.client()
    for _ in range(5):
        await world.begin(client)
    world.clock.move(REFRESH_TTL_S + 1)
    assert [(await pruned(world, limit=2)).get("families", 0) for _ in range(4)] == [2, 2, 1, 0]


async def test_of_a_clients_families_those_are_kept_that_were_refreshed_last(auth_database: Database) -> None:
    world = AuthWorld(auth_database, families=3)
    client, other = await world.client(), await world.client()
    kept = await world.begin(other)
    tokens = []
    for _ in range(5):
        tokens.append((await world.begin(client)).refresh_token)
        world.clock.move(1)
    oldest = given(await world.refresh(client, tokens[0]))  # the oldest family is the last that was used
    assert not await pruned(world)  # while access tokens are alive a family may still be revoked
    world.clock.move(ACCESS_TTL_S)
    assert await pruned(world) == {"surplus": 2}
    answers = [await world.refresh(client, token) for token in (oldest.refresh_token, *tokens[1:])]
    alive = [isinstance(answer, TokenAnswer) for answer in answers]
    assert alive == [True, False, False, True, True]
    assert given(await world.refresh(other, kept.refresh_token))


async def test_a_used_assertion_is_remembered_until_it_is_over(world: AuthWorld) -> None:
    client = await world.client()
    row = {"client": client.client.id, "at": world.clock.now()}
    await world.do("INSERT INTO assertion_jti VALUES (:client, 'one', gen_random_uuid(), :at)", **row)
    assert not await pruned(world)
    world.clock.move(1)
    assert await pruned(world) == {"assertions": 1}


async def test_who_failed_to_be_a_client_is_known_for_three_months(world: AuthWorld) -> None:
    await world.service.issue_tokens([read_request(b"grant_type=client_credentials", [])])
    world.clock.move(FAILURES_KEPT.total_seconds() - 60)
    assert not await pruned(world)
    world.clock.move(121)
    assert await pruned(world) == {"failures": 1}


async def test_after_20_000_issues_the_tables_are_as_small_as_before(auth_database: Database) -> None:
    world = AuthWorld(auth_database, families=100)
    clients = [await world.client() for _ in range(4)]
    batch = [client for client in clients for _ in range(32)]
    issued = most = 0
    while issued < 20_000:
        asked = [request(client, grant_type="client_credentials") for client in batch]
        issued += len([one for one in await world.service.issue_tokens(asked) if isinstance(one, TokenAnswer)])
        world.clock.move(10)
        if issued % 2048 == 0:  # about once in as long as an access token lives
            while max((await world.service.prune(500)).values()) >= 500:
                pass
            most = max(most, await rows(world, "token_family"))
    assert issued >= 20_000
    assert most <= 400 + len(batch) * (ACCESS_TTL_S // 10 + 1)  # the cap, and what an access token is alive of
    world.clock.move(ACCESS_TTL_S)
    await world.service.prune(2000)
    left = [await rows(world, table) for table in ("token_family", "refresh_token", "revocation", "assertion_jti")]
    assert left == [400, 400, 0, 0]
