"""What auth means to every service, however it is reached."""

from collections.abc import AsyncIterator

import pytest

from modules.auth.port import (
    AuthPort,
    RevocationPage,
)
from modules.kernel.database import Database
from tests.contract.port_adapters import Adapter
from tests.contract.port_facts import same_again
from tests.integration.auth_world import AuthWorld, error, service_on
from tests.integration.signing import KEYS, public

BOTH = ("orders:read", "orders:write")
PUBLIC_KEY = public(KEYS["EdDSA"])


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


@pytest.fixture
async def auth(adapter: Adapter, world: AuthWorld) -> AsyncIterator[AuthPort]:
    async with adapter.reach(AuthPort, world.service, "auth") as port:  # type: ignore[type-abstract]  # read for its methods
        yield port


async def revoked(world: AuthWorld) -> None:
    """Have a family of tokens be revoked: a refresh token of it came twice, the second time long after the first."""
    client = await world.client()
    token = (await world.begin(client)).refresh_token
    assert token is not None
    await world.refresh(client, token)
    world.clock.move(3600)
    assert error(await world.refresh(client, token)) == "invalid_grant"


async def test_keys_are_there_from_the_first_moment_and_the_same_again(auth: AuthPort) -> None:
    (key,) = await same_again(auth.keys)
    assert key.kid
    assert len(key.x) == len(key.y) == 43  # 32 bytes in base64url


async def test_every_process_of_auth_publishes_the_same_keys(auth: AuthPort, world: AuthWorld) -> None:
    assert list(await service_on(world.database, world.clock).keys()) == list(await auth.keys())


async def test_nothing_revoked_is_an_empty_page_that_is_complete(auth: AuthPort) -> None:
    assert await same_again(lambda: auth.revocations(0)) == RevocationPage((), complete=True)


async def test_revocations_come_in_order_from_behind_the_one_that_was_read(auth: AuthPort, world: AuthWorld) -> None:
    for _ in range(3):
        await revoked(world)
    page = await same_again(lambda: auth.revocations(0))
    assert [one.sequence for one in page.items] == [1, 2, 3]
    assert len({one.family for one in page.items}) == 3
    assert page.items[-1].until > world.clock.now()  # its access tokens are still alive
    assert await same_again(lambda: auth.revocations(2)) == RevocationPage(page.items[2:], complete=True)
    assert await auth.revocations(3) == RevocationPage((), complete=True)
