"""A pepper is replaced while clients sign in."""

import pytest

from modules.auth.model.secret import Peppers
from modules.kernel.database import Database
from tests.integration.auth_world import KEY_ENCRYPTION_KEY, PEPPERS, AuthWorld, error, given, request, service_on

NEW = Peppers(2, {1: PEPPERS.by_version[1], 2: b"n" * 32})
READY = Peppers(1, NEW.by_version)
ONLY_NEW = Peppers(2, {2: b"n" * 32})


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


async def versions(world: AuthWorld) -> list[int]:
    return [row.pepper_version for row in await world.run("SELECT pepper_version FROM client_secret ORDER BY id")]


async def test_secrets_go_over_to_the_new_pepper_when_they_are_used(world: AuthWorld) -> None:
    used, unused = await world.client(), await world.client()
    world.service = service_on(world.database, world.clock, KEY_ENCRYPTION_KEY, NEW)
    await world.begin(used)
    assert await versions(world) == [2, 1]
    fresh = await world.client()
    assert await versions(world) == [2, 1, 2]
    world.service = service_on(world.database, world.clock, KEY_ENCRYPTION_KEY, ONLY_NEW)
    for client in (used, fresh):
        assert await world.begin(client)
    assert error(await world.ask(unused, grant_type="client_credentials")) == "invalid_client"


async def test_two_processes_may_have_both_peppers_for_a_while(world: AuthWorld) -> None:
    client = await world.client()
    newer = service_on(world.database, world.clock, KEY_ENCRYPTION_KEY, NEW)
    asked = [request(client, grant_type="client_credentials") for _ in range(3)]
    ready = service_on(world.database, world.clock, KEY_ENCRYPTION_KEY, READY)
    for _ in range(2):
        assert all(map(given, await newer.issue_tokens(asked)))
        assert all(map(given, await ready.issue_tokens([request(client, grant_type="client_credentials")])))
        assert await versions(world) == [2]
    # A process that was not told of the new pepper knows nobody any more who went over.
    assert error(await world.ask(client, grant_type="client_credentials")) == "invalid_client"


async def test_a_wrong_secret_is_not_kept(world: AuthWorld) -> None:
    client = await world.client()
    before = await world.run("SELECT digest, pepper_version FROM client_secret")
    newer = service_on(world.database, world.clock, KEY_ENCRYPTION_KEY, NEW)
    wrong = request(client, grant_type="client_credentials", client_secret="wbs_" + "x" * 43)
    assert error((await newer.issue_tokens([wrong]))[0]) == "invalid_client"
    assert await world.run("SELECT digest, pepper_version FROM client_secret") == before
