"""Signing keys by time: published before they sign, kept for what they signed, then gone."""

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from modules.auth.model.token import REMEMBERED
from modules.auth.port import SigningKeyState, SigningKeyView
from modules.auth.service.keyring import LOOK_AGAIN, PUBLISHED_FIRST
from modules.kernel.database import ConstraintViolated, Database
from tests.integration.auth_world import AuthWorld, held_back, service_on

LIFE = timedelta(days=30)
SOON = LOOK_AGAIN.total_seconds() + 1


@pytest.fixture
async def world(auth_database: Database) -> AuthWorld:
    world = AuthWorld(auth_database, key_life=LIFE)
    await world.service.keys()
    return world


async def states(world: AuthWorld) -> list[SigningKeyState]:
    """Newest first."""
    return [key.state for key in await world.service.list_signing_keys()]


async def signs(world: AuthWorld) -> str:
    """The key that signs: what verifiers find under it, and what a token of this moment names."""
    client = await world.client()
    answer = await world.begin(client)
    await world.claims(answer)  # it is published
    active = await active_key(world)
    assert (await world.claims(answer))["iat"] == int(world.clock.now().timestamp())
    return active.kid


async def active_key(world: AuthWorld) -> SigningKeyView:
    (active,) = [one for one in await world.service.list_signing_keys() if one.state is SigningKeyState.ACTIVE]
    return active


async def turned(world: AuthWorld, after: timedelta | float = 0) -> list[SigningKeyState]:
    world.clock.move(after.total_seconds() if isinstance(after, timedelta) else after)
    await world.service.turn_keys()
    return await states(world)


async def test_a_key_lives_pending_active_retiring_gone(world: AuthWorld) -> None:
    pending, active, retiring, gone = SigningKeyState
    first = await signs(world)
    assert await turned(world, LIFE - PUBLISHED_FIRST - timedelta(seconds=1)) == [active]
    assert await turned(world, 1) == [pending, active]
    world.clock.move(SOON)
    published = {key.kid for key in await world.service.keys()}
    assert len(published) == 2
    assert await signs(world) == first  # the next is published, and does not sign yet
    assert await turned(world, PUBLISHED_FIRST.total_seconds() - SOON - 1) == [pending, active]
    assert await turned(world, 1) == [active, retiring]
    world.clock.move(SOON)
    assert {key.kid for key in await world.service.keys()} == published
    assert await signs(world) != first
    assert await turned(world, REMEMBERED.total_seconds() - SOON - 1) == [active, retiring]
    assert await turned(world, 1) == [active, gone]
    world.clock.move(SOON)
    assert {key.kid for key in await world.service.keys()} == published - {first}


async def test_a_key_that_signs_no_more_has_no_private_part(world: AuthWorld) -> None:
    await world.service.rotate_signing_key("maria")
    await turned(world, PUBLISHED_FIRST)
    rows = await world.run("SELECT state, private_sealed IS NULL AS none FROM signing_key ORDER BY created_at")
    assert [tuple(row) for row in rows] == [("retiring", True), ("active", False)]


async def test_each_step_says_when_the_next_one_is(world: AuthWorld) -> None:
    now = world.clock.now()
    (first,) = await world.service.list_signing_keys()
    assert first.next_at == now + LIFE - PUBLISHED_FIRST
    world.clock.move(1)
    waiting = await world.service.rotate_signing_key("maria")
    assert (waiting.state, waiting.next_at) == (SigningKeyState.PENDING, world.clock.now() + PUBLISHED_FIRST)
    await turned(world, PUBLISHED_FIRST)
    _, retiring = await world.service.list_signing_keys()
    assert retiring.next_at == world.clock.now() + REMEMBERED
    await turned(world, REMEMBERED)
    assert (await world.service.list_signing_keys())[1].next_at is None


async def test_rotating_twice_is_rotating_once(world: AuthWorld) -> None:
    first, second = await world.service.rotate_signing_key("maria"), await world.service.rotate_signing_key("ben")
    assert first == second
    noted = await world.run("SELECT actor, action, kid FROM audit WHERE kid IS NOT NULL")
    assert [tuple(row) for row in noted] == [("maria", "rotate_key", first.kid)]


async def test_after_a_compromise_only_the_new_key_is_known_and_signs_at_once(world: AuthWorld) -> None:
    pending, active, _, gone = SigningKeyState
    world.clock.move(1)
    await world.service.rotate_signing_key("maria")
    assert await states(world) == [pending, active]
    made = await world.service.rotate_signing_key("maria", compromised=True)
    assert sorted(await states(world)) == sorted([active, gone, gone])
    assert [key.kid for key in await world.service.keys()] == [made.kid] == [await signs(world)]
    assert len(await world.run("SELECT FROM signing_key WHERE private_sealed IS NOT NULL")) == 1


@pytest.mark.parametrize("compromised", [False, True])
async def test_processes_that_turn_and_rotate_at_once_make_one_key(world: AuthWorld, *, compromised: bool) -> None:
    others = [service_on(world.database, world.clock, key_life=LIFE) for _ in range(3)]
    world.clock.move(LIFE.total_seconds())
    work = [
        partial(one.rotate_signing_key, "maria", compromised=True) if compromised else one.turn_keys for one in others
    ]
    await held_back(world.database, "LOCK TABLE signing_key IN EXCLUSIVE MODE", work)
    found = await states(world)
    assert found.count(SigningKeyState.ACTIVE) == 1
    assert found.count(SigningKeyState.PENDING) <= 1


async def test_the_database_itself_refuses_a_second_pending_key(world: AuthWorld) -> None:
    await world.service.rotate_signing_key("maria")
    with pytest.raises(ConstraintViolated, match="signing_key_one_pending"):
        await world.do("""
            INSERT INTO signing_key (kid, state, x, y, private_sealed, created_at)
            SELECT 'other', state, x, y, private_sealed, created_at FROM signing_key WHERE state = 'pending'
        """)


async def test_nobody_who_turns_keys_all_the_time_hurts_who_asks_for_tokens(world: AuthWorld) -> None:
    client = await world.client()
    for _ in range(3):
        world.clock.move(LIFE.total_seconds())
        await asyncio.gather(
            *(world.service.turn_keys() for _ in range(4)),
            *(world.begin(client) for _ in range(4)),
            world.service.keys(),
        )
        assert (await states(world)).count(SigningKeyState.ACTIVE) == 1
