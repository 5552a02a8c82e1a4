"""Who fails to be a client is written down: how often, where from, and nothing of what was tried."""

from collections.abc import AsyncIterator
from functools import partial
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import FastAPI
from joserfc.jwk import ECKey

from modules.auth.api import routes
from modules.auth.model.assertion import ASSERTION_TYPE
from modules.auth.service import TokenRequest, read_request
from modules.kernel.database import Database
from modules.kernel.ids import new_id
from tests.integration.auth_world import AuthWorld, error, held_back, request, winners
from tests.integration.signing import Signer, signed, signer

PATHS = ("/auth/token", "/auth/revoke", "/auth/introspect")
ASKED = {"grant_type": "client_credentials", "token": "wbr_none"}
HERE = "192.0.2.1"
LATCH = 4711


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


@pytest.fixture
async def shop(world: AuthWorld) -> Signer:
    return await signer(world)


async def noted(world: AuthWorld) -> dict[tuple[str | None, str], int]:
    """How often whom somebody failed to be at which address, in all minutes."""
    summed = "SELECT client_id, address, CAST(sum(times) AS int) AS n FROM failed_authentication GROUP BY 1, 2"
    rows = await world.run(summed)
    return {(str(row.client_id) if row.client_id else None, row.address): row.n for row in rows}


@pytest.fixture
async def http(world: AuthWorld) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(routes(world.service))
    transport = httpx.ASGITransport(app, client=(HERE, 4711))
    async with httpx.AsyncClient(transport=transport, base_url="http://auth.test") as http:
        yield http


def by_secret(client_id: str, secret: str) -> dict[str, str]:
    return {"client_id": client_id, "client_secret": secret}


def by_assertion(assertion: str) -> dict[str, str]:
    return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


@pytest.mark.parametrize("path", PATHS)
async def test_each_way_to_fail_is_counted_at_each_door(
    world: AuthWorld, shop: Signer, http: httpx.AsyncClient, path: str
) -> None:
    disabled, nobody = await signer(world), str(new_id())
    await world.service.disable_client("test", disabled.client.client.id)
    stranger, used = ECKey.generate_key("P-256"), shop.assertion()
    assert (await http.post("/auth/token", data=ASKED | by_assertion(used))).status_code == 200
    tried: list[tuple[str | None, dict[str, str]]] = [
        (shop.id, by_secret(shop.id, "wrong")),
        (shop.id, by_secret(shop.id, disabled.client.client_secret)),
        (shop.id, by_secret(shop.id, "")),
        (shop.id, by_assertion(signed(shop.claims(), stranger, "ES256"))),
        (shop.id, by_assertion(shop.assertion(exp=1))),
        (shop.id, by_assertion(used)),
        (disabled.id, by_secret(disabled.id, disabled.client.client_secret)),
        (disabled.id, by_assertion(disabled.assertion())),
        (None, by_secret(nobody, "wrong")),
        (None, by_secret("shop", "wrong")),
        (None, by_secret(shop.id.upper(), shop.client.client_secret)),
        (None, by_secret(shop.client.client_secret, shop.id)),
        (None, by_assertion(signed(shop.claims(iss=nobody, sub=nobody), stranger, "ES256"))),
        (None, by_assertion("nonsense")),
        (None, {}),
    ]
    for whose, credentials in tried:
        before = await noted(world)
        answer = await http.post(path, data=ASKED | credentials)
        assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
        assert await noted(world) == before | {(whose, HERE): before.get((whose, HERE), 0) + 1}, credentials
    assert nobody not in str(await world.run("SELECT CAST(f AS text) FROM failed_authentication f"))


@pytest.mark.parametrize("path", PATHS)
async def test_who_is_a_client_and_is_refused_for_something_else_has_not_failed_to_be_one(
    world: AuthWorld, shop: Signer, http: httpx.AsyncClient, path: str
) -> None:
    right = by_secret(shop.id, shop.client.client_secret)
    for asked in ({"scope": "none"}, {"grant_type": "none", "token": ""}, {"resource": "none"}):
        await http.post(path, data=ASKED | right | asked)
    assert await noted(world) == {}


async def test_a_minute_a_client_and_an_address_are_a_row(world: AuthWorld, shop: Signer) -> None:
    world.clock.at = world.clock.at.replace(second=0, microsecond=0)
    began = world.clock.now()

    async def fail(address: str, times: int) -> None:
        form = b"grant_type=client_credentials&client_id=%s&client_secret=wrong" % shop.id.encode()
        for _ in range(times):
            assert error((await world.service.issue_tokens([read_request(form, [], address)]))[0]) == "invalid_client"

    await fail(HERE, 3)
    world.clock.move(59.9)
    await fail(HERE, 1)
    await fail("2001:db8::/64", 2)
    world.clock.move(0.2)
    await fail(HERE, 1)
    rows = await world.run(
        "SELECT minute, client_id, address, times, last_at FROM failed_authentication ORDER BY minute, address"
    )
    seconds = [(row.minute - began).total_seconds() for row in rows]
    assert [*zip(seconds, [row.address for row in rows], [row.times for row in rows], strict=True)] == [
        (0, HERE, 4),
        (0, "2001:db8::/64", 2),
        (60, HERE, 1),
    ]
    assert [(row.last_at - began).total_seconds() for row in rows] == [59.9, 59.9, 60.1]
    assert {row.client_id for row in rows} == {UUID(shop.id)}


def failing(id_: str, **form: str) -> TokenRequest:
    sent = {"grant_type": "client_credentials", "client_id": id_, "client_secret": "wrong"} | form
    return read_request("&".join(f"{name}={value}" for name, value in sent.items()).encode(), [], HERE)


async def test_of_a_batch_the_good_ones_get_tokens_and_the_others_are_counted(world: AuthWorld, shop: Signer) -> None:
    other = await world.client()
    good = [request(shop.client, grant_type="client_credentials") for _ in range(3)]
    bad = [failing(shop.id), failing(str(new_id())), failing(other.client.id), failing(shop.id), failing("nonsense")]
    outcomes = await world.service.issue_tokens([bad[0], good[0], *bad[1:4], *good[1:], bad[4]])
    assert len(winners(outcomes)) == 3
    assert await noted(world) == {(shop.id, HERE): 2, (other.client.id, HERE): 1, (None, HERE): 2}
    assert (await world.run("SELECT count(*) FROM token_family"))[0][0] == 3


async def two_fail_alike(world: AuthWorld) -> list[Any]:
    """Two batches fail to be the same clients, in opposite order, and both are in the middle of it when they go on."""
    first, middle, last = [(await world.client()).client.id for _ in range(3)]
    await world.do(
        f"CREATE FUNCTION stop() RETURNS trigger LANGUAGE plpgsql AS "
        f"'BEGIN PERFORM pg_advisory_xact_lock_shared({LATCH}); RETURN NEW; END'"
    )
    await world.do(
        f"CREATE TRIGGER stop BEFORE INSERT ON failed_authentication FOR EACH ROW "
        f"WHEN (NEW.client_id = '{middle}') EXECUTE FUNCTION stop()"
    )
    orders = (first, middle, last), (last, middle, first)
    work = [partial(world.service.issue_tokens, [failing(id_) for id_ in order]) for order in orders]
    return await held_back(world.database, f"SELECT pg_advisory_xact_lock({LATCH})", work)


async def test_two_batches_that_fail_alike_at_once_are_both_counted(world: AuthWorld) -> None:
    for outcomes in await two_fail_alike(world):
        assert [error(one) for one in outcomes] == ["invalid_client"] * 3
    assert sorted((await noted(world)).values()) == [2, 2, 2]
