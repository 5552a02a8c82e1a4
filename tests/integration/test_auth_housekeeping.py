"""What is over goes, in batches; what may still matter stays."""

from datetime import timedelta

import pytest

from modules.auth.model.token import REMEMBERED
from modules.auth.service import RETIRED_KEPT
from modules.kernel.database import Database
from tests.integration.auth_world import REFRESH_TTL_S, AuthWorld, error, request


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


async def rows(world: AuthWorld, table: str) -> int:
    return len(await world.run(f"SELECT FROM {table}"))


async def test_a_family_goes_when_it_is_over_with_all_its_links_and_not_before(world: AuthWorld) -> None:
    client = await world.client()
    tokens = await world.begin(client)
    await world.refresh(client, tokens.refresh_token)
    world.clock.move(REFRESH_TTL_S - 1)
    young = await world.begin(client)
    assert await world.service.prune() == 0
    assert (
        error(await world.refresh(client, tokens.refresh_token)) == "invalid_grant"
    )  # a used one is still known as such
    world.clock.move(2)
    assert await world.service.prune() >= 1
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
    assert await world.service.prune() == 0
    await world.do(statement, at=retired - timedelta(seconds=1), id=client.client.id)
    assert (await world.service.prune(), await rows(world, "client_secret")) == (1, 0)


async def test_it_takes_away_a_bounded_number_at_a_time(world: AuthWorld) -> None:
    client = await world.client()
    for _ in range(5):
        await world.begin(client)
    world.clock.move(REFRESH_TTL_S + 1)
    assert [await world.service.prune(limit=2) for _ in range(4)] == [2, 2, 1, 0]
