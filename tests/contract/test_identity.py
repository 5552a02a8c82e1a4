"""As whom a service calls another: its tokens, from a real auth on a socket, and from one that misbehaves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from loguru import logger

from app.identity import TRIED_AGAIN_AFTER_S, Identity
from app.service_key import new_service_key
from modules.auth import api as auth_api
from modules.auth.model.key import jwk
from modules.auth.port import audience_urn
from modules.kernel.database import Database
from modules.kernel.errors import NotReached
from modules.kernel.ids import service_id
from modules.kernel.principal import INTERNAL_SCOPE
from tests.contract.hostile_peer import Answer, Line, document, hostile_peer, in_parts, problem
from tests.contract.served import hosting, listening
from tests.integration.auth_world import ISSUER, SERVICE_TTL_S, AuthWorld

KEY = new_service_key()
AUDIENCES = {"sales": ("product", "delivery")}


class HandTime:
    """A steady clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = 50.0

    def __call__(self) -> float:
        return self.at


class Office:
    """Auth on a socket: counts who asks for tokens, may be away, and may keep them waiting."""

    def __init__(self, world: AuthWorld, app: FastAPI) -> None:
        self.world = world
        self.asked = 0
        self.away = False
        self.open = asyncio.Event()
        self.open.set()
        self.url = ""
        self._app = app

    async def __call__(self, scope: object, receive: object, send: object) -> None:
        self.asked += 1
        await self.open.wait()
        if self.away:
            raise ConnectionResetError
        await self._app(scope, receive, send)  # type: ignore[arg-type]

    async def claims(self, token: str) -> dict[str, object]:
        keys = KeySet([ECKey.import_key(dict(jwk(key))) for key in await self.world.service.keys()])
        return dict(jwt.decode(token, keys, algorithms=["ES256"]).claims)


@pytest.fixture
def time() -> HandTime:
    return HandTime()


@pytest.fixture
async def office(auth_database: Database) -> AsyncIterator[Office]:
    world = AuthWorld(auth_database)
    await world.service.admit_services({"sales": KEY}, AUDIENCES)
    opened = Office(world, hosting(auth_api.routes(world.service)))
    async with listening(opened) as url:
        opened.url = url
        yield opened


@asynccontextmanager
async def signed_in(
    url: str, key: str = KEY, time: HandTime | None = None, within_s: float = 10
) -> AsyncIterator[Identity]:
    made = Identity("sales", key, url, ISSUER, within_s=within_s, steady=time or HandTime())
    try:
        yield made
    finally:
        await made.close()


@pytest.fixture
async def identity(office: Office, time: HandTime) -> AsyncIterator[Identity]:
    async with signed_in(office.url, time=time) as made:
        yield made


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Everything that is logged."""
    written: list[str] = []
    sink = logger.add(lambda line: written.append(str(line)), level="TRACE", format="{message}\n{exception}")
    yield written
    logger.remove(sink)


# a token


async def test_a_token_says_who_calls_whom_and_may_do_that_only(office: Office, identity: Identity) -> None:
    for audience in ("product", "delivery"):
        claims = await office.claims(await identity.token(audience))
        assert (claims["sub"], claims["aud"]) == (str(service_id("sales")), audience_urn(audience))
        assert claims["scope"] == INTERNAL_SCOPE


@pytest.mark.parametrize("by_s", [-90, 90])
async def test_a_service_is_let_in_although_its_clock_and_auths_differ_by_a_minute_and_a_half(
    office: Office, identity: Identity, by_s: int
) -> None:
    office.world.clock.move(by_s)
    assert await identity.token("product")


async def test_an_audience_that_is_none_of_its_business_is_not_opened(identity: Identity) -> None:
    with pytest.raises(NotReached, match=r"Auth does not admit the service sales \(invalid_target\)"):
        await identity.token("auth")


async def test_many_who_wait_for_a_token_are_one_request(office: Office, identity: Identity) -> None:
    office.open.clear()
    waiting = [asyncio.create_task(identity.token("product")) for _ in range(50)]
    leaving, *staying = waiting
    await asyncio.sleep(0)
    leaving.cancel()  # one who leaves does not take it from the others
    office.open.set()
    assert len(set(await asyncio.gather(*staying))) == 1
    assert office.asked == 1
    assert leaving.cancelled()


async def test_a_token_is_used_until_half_of_its_life_and_then_the_next_is_fetched_beside_it(
    office: Office, identity: Identity, time: HandTime
) -> None:
    first = await identity.token("product")
    time.at += SERVICE_TTL_S / 2 - 1
    assert await identity.token("product") == first
    assert office.asked == 1
    time.at += 2
    office.open.clear()
    assert [await identity.token("product") for _ in range(3)] == [first] * 3  # nobody waits for the next
    office.open.set()
    await fetched(identity)
    second = await identity.token("product")
    assert second != first
    assert office.asked == 2
    time.at += SERVICE_TTL_S / 2 - 1
    assert await identity.token("product") == second


async def fetched(identity: Identity) -> None:
    """Return when nothing is being fetched."""
    await asyncio.gather(*identity._fetching.values(), return_exceptions=True)


async def test_with_auth_away_the_token_is_used_until_it_is_over_and_then_nothing_is_reached(
    office: Office, identity: Identity, time: HandTime, lines: list[str]
) -> None:
    token = await identity.token("product")
    office.away = True
    time.at += SERVICE_TTL_S / 2 + 1
    assert await identity.token("product") == token
    await fetched(identity)
    assert [line for line in lines if "sales gets no token for product" in line]
    asked = office.asked
    assert await identity.token("product") == token
    await fetched(identity)
    assert office.asked == asked  # it is not asked again at every call
    time.at += TRIED_AGAIN_AFTER_S + 1
    assert await identity.token("product") == token
    await fetched(identity)
    assert office.asked == asked + 1
    time.at += SERVICE_TTL_S / 2
    with pytest.raises(NotReached, match="Auth gives no token"):
        await identity.token("product")
    office.away = False
    assert await identity.token("product") != token


async def test_a_token_that_was_refused_is_fetched_anew_once_for_all_to_whom_that_happened(
    office: Office, identity: Identity
) -> None:
    first = await identity.token("product")
    identity.forget("product", first)
    second = await identity.token("product")
    identity.forget("product", first)  # said late, of a token that is gone
    assert await identity.token("product") == second != first
    assert office.asked == 2


# auth says no, or nonsense


async def test_a_wrong_key_is_told_in_a_sentence_without_it(office: Office, lines: list[str]) -> None:
    wrong = new_service_key()
    async with signed_in(office.url, wrong) as identity:
        with pytest.raises(NotReached) as raised:
            await identity.token("product")
    assert str(raised.value) == "Auth does not admit the service sales (invalid_client)."
    chain = f"{raised.value!r} {raised.value.__cause__!r} {identity!r} {vars(identity)!r} {lines}"
    assert wrong not in chain
    assert lines


NONSENSE = {
    "rubbish": document(b"<html>"),
    "nothing": document(b""),
    "a list": document(b"[]"),
    "a word": document(b'"token"'),
    "null": document(b"null"),
    "no token": document(b'{"expires_in": 3600}'),
    "no time": document(b'{"access_token": "t"}'),
    "a time that is none": document(b'{"access_token": "t", "expires_in": "soon"}'),
    "a token that is none": document(b'{"access_token": 5, "expires_in": 3600}'),
    "a token that breaks the header": document(b'{"access_token": "t\\r\\nx: y", "expires_in": 3600}'),
    "an error that is none": document(b'{"error": ["x"]}', "400 Bad Request"),
    "a fault": problem(500, code="internal"),
    "busy": problem(503, code="overloaded"),
    "a gateway's page": document(b"<html>", "502 Bad Gateway", media_type="text/html"),
    "a redirect": document(b"", "307 Temporary Redirect", "location: http://127.0.0.1:1/"),
    "a reset": in_parts(then=Line.reset),
    "half of it": in_parts(b'{"access', then=Line.reset),
}


@pytest.mark.parametrize("nonsense", NONSENSE.values(), ids=NONSENSE)
async def test_nonsense_is_no_token_and_the_next_request_gets_one(nonsense: Answer) -> None:
    good = document(b'{"access_token": "good", "token_type": "Bearer", "expires_in": 3600}')
    async with hostile_peer() as peer, signed_in(peer.url) as identity:
        peer.told.extend([nonsense, good])
        with pytest.raises(NotReached, match="Auth"):
            await identity.token("product")
        assert await identity.token("product") == "good"


async def test_an_auth_that_hangs_or_answers_letter_by_letter_is_given_up() -> None:
    async def forever(line: Line, _: object) -> None:
        await line.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n")
        while True:
            await line.send(b" ")
            await asyncio.sleep(0.02)

    async with hostile_peer() as peer, signed_in(peer.url, within_s=0.3) as identity:
        for hanging in (in_parts(then=Line.gone), forever):
            peer.told.append(hanging)
            with pytest.raises(NotReached, match="Auth gives no token"):
                await asyncio.wait_for(identity.token("product"), 10)


async def test_where_auth_is_not_nothing_is_reached() -> None:
    async with hostile_peer() as peer:
        url = peer.url
    async with signed_in(url) as identity:
        with pytest.raises(NotReached, match=r"Auth gives no token \(ConnectError\)"):
            await identity.token("product")


# who is admitted


async def lets_in(office: Office, key: str) -> bool:
    async with signed_in(office.url, key) as identity:
        try:
            return bool(await identity.token("product"))
        except NotReached as error:
            return "invalid_client" not in error.detail


async def test_services_that_are_admitted_twice_are_as_they_were(office: Office) -> None:
    tables = "SELECT c.id, c.disabled_at, k.id AS key, k.slot FROM client c JOIN client_key k ON k.client_id = c.id"
    before = [tuple(row) for row in await office.world.run(tables)]
    for _ in range(2):
        await office.world.service.admit_services({"sales": KEY}, AUDIENCES)
    assert [tuple(row) for row in await office.world.run(tables)] == before
    assert len(before) == 1
    assert await lets_in(office, KEY)


async def test_a_new_key_works_beside_the_one_before_it_and_the_one_before_that_no_longer(office: Office) -> None:
    second, third = new_service_key(), new_service_key()
    for key in (second, third):
        office.world.clock.move(1)
        await office.world.service.admit_services({"sales": key}, AUDIENCES)
    assert [await lets_in(office, key) for key in (KEY, second, third)] == [False, True, True]


async def test_a_service_that_is_disabled_stays_disabled(office: Office) -> None:
    await office.world.do("UPDATE client SET disabled_at = now()")
    for key in (KEY, new_service_key()):
        await office.world.service.admit_services({"sales": key}, AUDIENCES)
        assert not await lets_in(office, key)
