"""Auth on a real database, with a clock that stands still and answers that can be lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import urlencode

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from app.database import open_database
from modules.auth.model.key import jwk
from modules.auth.model.secret import Peppers
from modules.auth.model.token import Terms
from modules.auth.port import ClientCreated, ClientKind
from modules.auth.service import AuthService, Outcome, TokenRefused, TokenRequest, read_request
from modules.auth.service.issuing import TokenAnswer
from modules.kernel.database import Database, Transaction, sql
from modules.kernel.errors import Unavailable
from tests.support.statements import CountedPool, Traffic, url_of

ISSUER = "http://127.0.0.1:3000"
PEPPERS, KEY_ENCRYPTION_KEY = Peppers(1, {1: b"p" * 32}), b"k" * 32
ACCESS_TTL_S, SERVICE_TTL_S, REFRESH_TTL_S = 300, 3600, 86_400
TERMS = Terms(ISSUER, refresh_ttl=timedelta(seconds=REFRESH_TTL_S))
LOCK_FAMILIES = "SELECT id FROM token_family FOR UPDATE"
WAITING = sql("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")


@dataclass
class StoppedClock:
    """Stands still until it is moved."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self.at

    def move(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class Forgetful(Database):
    """Commits, and then loses the answer, as often as `losses` says."""

    losses = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with super().transaction() as transaction:
            yield transaction
        if self.losses:
            self.losses -= 1
            raise Unavailable("The answer to COMMIT was lost; the write may have happened.")


def service_on(
    database: Database,
    clock: StoppedClock,
    key_encryption_key: bytes = KEY_ENCRYPTION_KEY,
    peppers: Peppers = PEPPERS,
    **terms: Any,
) -> AuthService:
    return AuthService(
        database,
        peppers=peppers,
        key_encryption_key=key_encryption_key,
        terms=replace(TERMS, **terms),
        clock=clock,
    )


def request(client: ClientCreated, **form: str) -> TokenRequest:
    """What the client sends, its credentials in the form."""
    credentials = {"client_id": client.client.id, "client_secret": client.client_secret}
    return read_request(urlencode(credentials | form).encode(), [])


class AuthWorld:
    """Auth, and clients that ask it for tokens."""

    def __init__(self, database: Database, **terms: Any) -> None:
        self.database = database
        self.clock = StoppedClock()
        self.service = service_on(database, self.clock, **terms)

    async def client(
        self,
        scopes: Sequence[str] = ("orders:read", "orders:write"),
        audiences: Sequence[str] = ("sales",),
        kind: ClientKind = ClientKind.CUSTOMER,
    ) -> ClientCreated:
        return await self.service.create_client("test", "shop", scopes, audiences, kind)

    async def ask(self, client: ClientCreated, **form: str) -> Outcome:
        return (await self.service.issue_tokens([request(client, **form)]))[0]

    async def begin(self, client: ClientCreated, **form: str) -> TokenAnswer:
        return given(await self.ask(client, grant_type="client_credentials", **form))

    async def refresh(self, client: ClientCreated, token: str, **form: str) -> Outcome:
        return await self.ask(client, grant_type="refresh_token", refresh_token=token, **form)

    async def claims(self, answer: TokenAnswer) -> dict[str, Any]:
        keys = KeySet([ECKey.import_key(dict(jwk(key))) for key in await self.service.keys()])
        return dict(jwt.decode(answer.access_token, keys, algorithms=["ES256"]).claims)

    async def run(self, statement: str, **values: Any) -> Sequence[Any]:
        async with self.database.reading() as reading:
            return await reading.fetch(sql(statement), **values)

    async def do(self, statement: str, **values: Any) -> int:
        async with self.database.transaction() as transaction:
            return await transaction.execute(sql(statement), **values)


def given(outcome: Outcome) -> TokenAnswer:
    """The tokens; a refusal fails the test."""
    assert isinstance(outcome, TokenAnswer), outcome
    return outcome


def error(outcome: Outcome) -> str:
    """The refusal; tokens fail the test."""
    assert isinstance(outcome, TokenRefused)
    return outcome.error


def winners(outcomes: Iterable[Outcome]) -> list[TokenAnswer]:
    """Those who got tokens."""
    return [outcome for outcome in outcomes if isinstance(outcome, TokenAnswer)]


async def refreshed_at_once(world: AuthWorld, client: ClientCreated, token: str, times: int) -> list[Outcome]:
    """One refresh token, presented over so many connections, all of them held back at the same lock and let go."""
    database = another_database(world.database, times)
    service = service_on(database, world.clock)
    await service.keys()
    asked = [request(client, grant_type="refresh_token", refresh_token=token) for _ in range(times)]
    try:
        results = await held_back(
            world.database, LOCK_FAMILIES, [partial(service.issue_tokens, [one]) for one in asked]
        )
    finally:
        await database.close()
    return [outcome for (outcome,) in results]


def another_database(database: Database, pool_size: int) -> Database:
    """The same database, over connections of its own."""
    return open_database("auth", url_of(database), pool_size=pool_size)


def forgetful(database: Database) -> Forgetful:
    """The same database, answers to COMMIT lost on demand."""
    return Forgetful("auth", database.pool)


async def until_waiting(database: Database, count: int) -> None:
    """Return once `count` transactions wait for a lock."""
    async with asyncio.timeout(20), database.reading() as reading:
        while (await reading.fetch(WAITING))[0][0] < count:
            pass


async def held_back(
    database: Database, lock: str, work: Sequence[Callable[[], Awaitable[Any]]], **values: Any
) -> list[Any]:
    """Start all of `work` while `lock` is held, let go when every one of them waits for it; answers the results."""
    async with database.transaction() as transaction:
        await transaction.execute(sql(lock), **values)
        tasks = [asyncio.ensure_future(begin()) for begin in work]
        await until_waiting(database, len(tasks))
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return results


class Statements:
    """Counts what is sent to a database."""

    def __init__(self, database: Database) -> None:
        self._seen = Traffic()
        database.pool = CountedPool(database.pool, self._seen)

    @property
    def sent(self) -> list[str]:
        return self._seen.statements

    def since(self, mark: int) -> int:
        return len(self.sent) - mark
