"""How long a revoked token is still let in: from the answer to `POST /auth/revoke` until sales says 401."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from app.operator import Operator
from app.supervisor.runfile import RunFile
from bench.load import Load
from bench.tokens import customers, issued
from modules.auth.port import ClientCreated

AT_ONCE = 8
EACH = 9
LOOK_EVERY_S = 0.005
SPREAD_S = 0.25  # as long as a verifier rests: no revocation is to come at a chosen moment of that
GIVEN_UP_AFTER_S = 10.0


@dataclass(frozen=True, slots=True)
class Revoked:
    """How long revoked tokens were let in, on one process and on four."""

    one: Load
    four: Load


class Place:
    """A system with clients that have their tokens revoked."""

    def __init__(self, run: RunFile, clients: Sequence[ClientCreated]) -> None:
        self._auth = run.url("auth")
        self._orders = f"{run.url('sales')}/api/v1/orders?limit=1"
        self._clients = clients

    @classmethod
    async def of(cls, run: RunFile, operator: Operator) -> "Place":
        """A system, with clients of its own for this."""
        return cls(run, await customers(operator.auth, AT_ONCE))

    async def refusals(self) -> Load:
        """How long each token was let in after it was revoked.

        Raises:
            AssertionError: one was not let in before, or is let in for ever.
        """
        async with httpx.AsyncClient() as http:
            lanes = await asyncio.gather(*(self._lane(http, client) for client in self._clients))
        return Load(Counter({401: AT_ONCE * EACH}), [took_ms for lane in lanes for took_ms in lane])

    async def _lane(self, http: httpx.AsyncClient, client: ClientCreated) -> list[float]:
        return [await self._refusal_ms(http, client) for _ in range(EACH)]

    async def _refusal_ms(self, http: httpx.AsyncClient, client: ClientCreated) -> float:
        token: str = (await issued(http, self._auth, client)).json()["access_token"]
        assert await self._status(http, token) == 200, "a token that is good was refused"  # noqa: PLR2004, S101
        await asyncio.sleep(random.uniform(0, SPREAD_S))  # noqa: S311  # a moment, not a secret
        credentials = client.client.id, client.client_secret
        (await http.post(f"{self._auth}/auth/revoke", data={"token": token}, auth=credentials)).raise_for_status()
        revoked = time.perf_counter()
        while (status := await self._status(http, token)) == 200:  # noqa: PLR2004  # by its number as everywhere
            assert time.perf_counter() < revoked + GIVEN_UP_AFTER_S, "a revoked token is still let in"  # noqa: S101
            await asyncio.sleep(LOOK_EVERY_S)
        assert status == 401, f"a revoked token is answered {status}"  # noqa: PLR2004, S101
        return (time.perf_counter() - revoked) * 1000

    async def _status(self, http: httpx.AsyncClient, token: str) -> int:
        return (await http.get(self._orders, headers={"Authorization": f"Bearer {token}"})).status_code


async def measure(one: Place, four: Place, rounds: int) -> Sequence[Revoked]:
    """Rounds of both, one after the other."""
    return [Revoked(await one.refusals(), await four.refusals()) for _ in range(rounds)]
