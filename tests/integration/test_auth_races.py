"""What happens to a batch of requests while somebody else is at the same rows: forced, one order of events at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from uuid import UUID

import pytest

from modules.auth import repository
from modules.auth.port import ClientCreated
from modules.auth.service import Outcome, TokenRefused, TokenRequest
from modules.kernel.database import Database, Transaction, sql
from tests.integration.auth_world import AuthWorld, error, given, request, until_waiting, winners
from tests.integration.signing import Signer, signer

SPENT = "INSERT INTO assertion_jti VALUES (:client, :jti, :attempt, :expires_at)"


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


@pytest.fixture
async def shop(world: AuthWorld) -> Signer:
    return await signer(world)


async def delete(world: AuthWorld, client: ClientCreated, transaction: Transaction) -> None:
    now = world.clock.now()
    await repository.clients.delete(transaction, UUID(client.client.id), now, now)


async def meanwhile(
    world: AuthWorld, done: Callable[[Transaction], Awaitable[object]], asked: list[TokenRequest]
) -> list[Outcome]:
    """The answers to a batch that waited for somebody else's transaction, which is then committed."""
    await world.service.keys()
    async with world.database.transaction() as transaction:
        await done(transaction)
        waiting = asyncio.ensure_future(world.service.issue_tokens(asked))
        await until_waiting(world.database, 1)
    async with asyncio.timeout(20):
        return list(await waiting)


async def spent_by(world: AuthWorld, shop: Signer, asked: TokenRequest, *, same: bool) -> Outcome:
    """The answer to a request whose assertion is being used up, by its own attempt or by another one."""
    attempt = asked.drawn.attempt if same else shop.request(shop.assertion()).drawn.attempt
    row = {"client": shop.id, "jti": "one", "attempt": attempt, "expires_at": world.clock.now()}
    (outcome,) = await meanwhile(world, lambda transaction: transaction.execute(sql(SPENT), **row), [asked])
    return outcome


async def test_our_own_repeat_that_comes_before_the_first_try_has_committed_is_no_replay(
    world: AuthWorld, shop: Signer
) -> None:
    """The connection of the first try was lost, and the database is still at its COMMIT."""
    asked = shop.request(shop.assertion(jti="one"))
    assert given(await spent_by(world, shop, asked, same=True))


async def test_a_replay_that_comes_before_the_first_use_has_committed_is_one(world: AuthWorld, shop: Signer) -> None:
    asked = shop.request(shop.assertion(jti="one"))
    assert error(await spent_by(world, shop, asked, same=False)) == "invalid_client"


async def test_a_client_that_is_deleted_meanwhile_takes_no_neighbour_with_it(world: AuthWorld, shop: Signer) -> None:
    gone, other = await world.client(), await world.client()
    asked = [request(one, grant_type="client_credentials") for one in (other, gone, shop.client)]
    outcomes = await meanwhile(world, partial(delete, world, gone), asked)
    assert len(winners(outcomes)) == 2
    assert error(outcomes[1]) == "invalid_client"


async def test_a_client_with_a_key_that_is_deleted_meanwhile_takes_no_neighbour_with_it(
    world: AuthWorld, shop: Signer
) -> None:
    other = await world.client()
    asked = [request(other, grant_type="client_credentials"), shop.request(shop.assertion())]
    outcomes = await meanwhile(world, partial(delete, world, shop.client), asked)
    assert given(outcomes[0])
    assert error(outcomes[1]) == "invalid_client"


@pytest.mark.parametrize("door", ["revoke", "introspect"])
async def test_a_client_that_is_deleted_while_it_returns_a_token_is_nobody(
    world: AuthWorld, shop: Signer, door: str
) -> None:
    asked = shop.request(shop.assertion(), token="wbr_none")
    async with world.database.transaction() as transaction:
        await delete(world, shop.client, transaction)
        waiting = asyncio.ensure_future(getattr(world.service, door)(asked))
        await until_waiting(world.database, 1)
    with pytest.raises(TokenRefused) as refused:
        await asyncio.wait_for(waiting, 20)
    assert refused.value.error == "invalid_client"


async def test_a_client_is_deleted_while_a_batch_of_its_ends_another_family_and_neither_waits_in_a_circle(
    world: AuthWorld,
) -> None:
    shop, thief = await world.client(), await world.client()
    used, live = (await world.begin(thief)).refresh_token, (await world.begin(shop)).refresh_token
    given(await world.refresh(thief, used))
    await world.service.revoke(request(thief, token=(await world.begin(thief)).access_token))  # there is a counter
    batch = [
        request(client, grant_type="refresh_token", refresh_token=token)
        for client, token in ((shop, live), (thief, used))
    ]
    async with world.database.transaction() as transaction:
        await transaction.execute(sql("SELECT FROM revocation_counter FOR UPDATE"))
        deleting = asyncio.ensure_future(world.service.delete_client("test", shop.client.id))
        await until_waiting(world.database, 1)
        asking = asyncio.ensure_future(world.service.issue_tokens(batch))
        await until_waiting(world.database, 2)
    async with asyncio.timeout(20):
        await deleting
        outcomes = await asking
    assert [error(one) for one in outcomes] == ["invalid_grant", "invalid_grant"]
    assert not await world.run("SELECT FROM client WHERE id = CAST(:id AS uuid)", id=shop.client.id)
