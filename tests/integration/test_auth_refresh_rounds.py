"""One refresh token, presented by many at once, over and over: one of them gets tokens, and then nobody has any.

`TEST_REFRESH_ROUNDS` says how often, 200 times where it says nothing.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from app.verifier import LocalVerifier
from modules.auth.port import ClientCreated
from modules.auth.service import AuthService, Outcome, TokenRequest
from modules.kernel.database import Database
from modules.kernel.errors import InvalidToken
from tests.integration.auth_world import (
    ISSUER,
    LOCK_FAMILIES,
    AuthWorld,
    another_database,
    error,
    held_back,
    request,
    service_on,
    winners,
)

ROUNDS = int(os.environ.get("TEST_REFRESH_ROUNDS", "200"))
PARALLEL = 32
A_ROUND_WITHIN_S = 20


@dataclass
class Crowd:
    """A client, and a connection for each of those who present its refresh token."""

    world: AuthWorld
    client: ClientCreated
    connected: AuthService
    verifier: LocalVerifier

    async def at_once(self, asked: Sequence[TokenRequest]) -> Sequence[Outcome]:
        """Everybody begins at the same moment; who is when at the database is left to chance."""
        return [one for (one,) in await asyncio.gather(*(self.connected.issue_tokens([one]) for one in asked))]

    async def held_back(self, asked: Sequence[TokenRequest]) -> Sequence[Outcome]:
        """Everybody has read that the token is good, and waits for its family's lock, before anybody goes on."""
        lock = f"{LOCK_FAMILIES.partition(' FOR ')[0]} WHERE revoked_at IS NULL FOR UPDATE"
        work = [partial(self.connected.issue_tokens, [one]) for one in asked]
        return [one for (one,) in await held_back(self.world.database, lock, work)]

    async def is_refused(self, token: str) -> bool:
        await self.verifier.learn(self.world.service)
        try:
            self.verifier.verify(token, "sales")
        except InvalidToken:
            return True
        return False


@pytest.fixture
async def crowd(auth_database: Database) -> AsyncIterator[Crowd]:
    world = AuthWorld(auth_database)
    database = another_database(auth_database, PARALLEL)
    connected = service_on(database, world.clock)
    await connected.keys()
    yield Crowd(world, await world.client(), connected, LocalVerifier(ISSUER, 10, world.clock))
    await database.close()


Race = Callable[[Crowd, Sequence[TokenRequest]], Coroutine[Any, Any, Sequence[Outcome]]]


@pytest.mark.parametrize("race", [Crowd.at_once, Crowd.held_back], ids=["at once", "held back"])
async def test_every_time_one_of_32_wins_and_then_nobody_has_tokens(crowd: Crowd, race: Race) -> None:
    world = crowd.world
    for number in range(1, ROUNDS // 2 + 1):
        token = (await world.begin(crowd.client)).refresh_token
        asked = [request(crowd.client, grant_type="refresh_token", refresh_token=token) for _ in range(PARALLEL)]
        async with asyncio.timeout(A_ROUND_WITHIN_S):
            outcomes = await race(crowd, asked)
        (winner,) = winners(outcomes)
        assert [error(outcome) for outcome in outcomes if outcome is not winner] == ["invalid_grant"] * (PARALLEL - 1)
        assert await crowd.is_refused(winner.access_token)
        assert error(await world.refresh(crowd.client, winner.refresh_token)) == "invalid_grant"
        revoked = (await world.run("SELECT count(*) AS n FROM revocation"))[0].n
        assert revoked == number, "a family was revoked twice, or not at all"
