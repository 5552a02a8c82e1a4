"""Signing keys: one is made at first, and all that may be met are published."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from modules.auth.model.key import Seal, SealBroken, new_signing_key
from modules.kernel.database import ConstraintViolated, Database, Transaction
from modules.kernel.errors import NotReached
from tests.integration.auth_world import KEY_ENCRYPTION_KEY, AuthWorld, held_back, service_on

ADD = """
    INSERT INTO signing_key (kid, state, x, y, private_sealed, created_at)
    VALUES (:kid, :state, :x, :y, :private_sealed, now())
"""


class Away(Database):
    """Gives no answer when told so."""

    is_away = False

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Transaction]:
        if self.is_away:
            raise NotReached("the database is away")
        async with super().reading() as reading:
            yield reading


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


async def add(world: AuthWorld, state: str) -> str:
    key = new_signing_key(Seal(KEY_ENCRYPTION_KEY))
    sealed = key.private_sealed if state in {"pending", "active"} else None
    await world.do(ADD, kid=key.kid, state=state, x=key.x, y=key.y, private_sealed=sealed)
    return key.kid


async def test_processes_that_start_at_once_make_one_key(world: AuthWorld) -> None:
    others = [service_on(world.database, world.clock) for _ in range(3)]
    keys = await held_back(
        world.database, "LOCK TABLE signing_key IN EXCLUSIVE MODE", [partial(one.keys) for one in others]
    )
    assert len({tuple(found) for found in keys}) == 1
    assert len(await world.run("SELECT kid FROM signing_key")) == 1


async def test_a_restart_signs_with_the_same_key(world: AuthWorld) -> None:
    before = await world.service.keys()
    assert await service_on(world.database, world.clock).keys() == before


async def test_another_key_encryption_key_is_refused_in_a_sentence(world: AuthWorld) -> None:
    await world.service.keys()
    with pytest.raises(SealBroken, match="can't be read with this key-encryption key"):
        await service_on(world.database, world.clock, b"x" * 32).keys()


async def test_pending_active_and_retiring_keys_are_published_and_gone_ones_are_not(world: AuthWorld) -> None:
    kids = {state: await add(world, state) for state in ("pending", "active", "retiring", "gone")}
    published = {key.kid for key in await world.service.keys()}
    assert published == {kids["pending"], kids["active"], kids["retiring"]}
    answer = await world.begin(await world.client())
    assert (await world.claims(answer))["iss"]


async def test_a_change_of_keys_is_noticed_within_15_seconds(world: AuthWorld) -> None:
    await world.service.keys()
    kid = await add(world, "pending")
    await world.do("UPDATE signing_key SET state = 'retiring', private_sealed = NULL WHERE state = 'active'")
    await world.do("UPDATE signing_key SET state = 'active' WHERE kid = :kid", kid=kid)
    world.clock.move(15.1)
    assert len(await world.service.keys()) == 2
    active = await world.service._keyring.active()
    assert active.kid == kid


async def test_the_database_itself_refuses_two_active_keys(world: AuthWorld) -> None:
    await add(world, "active")
    with pytest.raises(ConstraintViolated, match="signing_key_one_active"):
        await add(world, "active")


async def test_a_key_that_no_longer_signs_has_no_private_part(world: AuthWorld) -> None:
    await world.service.keys()
    with pytest.raises(ConstraintViolated, match="signing_key_private_while_it_signs"):
        await world.do("UPDATE signing_key SET state = 'retiring'")


async def test_known_keys_are_published_while_the_database_is_away(world: AuthWorld) -> None:
    away = Away("auth", world.database.pool)
    service = service_on(away, world.clock)
    before = await service.keys()
    away.is_away = True
    world.clock.move(60)
    assert await service.keys() == before
    with pytest.raises(NotReached):
        await service_on(away, world.clock).keys()
