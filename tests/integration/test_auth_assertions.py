"""Clients that sign in by what they sign. Source: RFC 7523, 3."""

from functools import partial
from typing import Any

import pytest
from joserfc.jwk import ECKey, OctKey

from modules.auth.model.client_key import StoredKey
from modules.kernel.database import Database
from modules.kernel.errors import Unavailable
from tests.integration.auth_world import ISSUER, AuthWorld, error, forgetful, given, held_back, service_on, winners
from tests.integration.signing import KEYS, Signer, hashed, public, signed, signer


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


@pytest.fixture
async def shop(world: AuthWorld) -> Signer:
    return await signer(world)


@pytest.mark.parametrize("alg", KEYS)
async def test_a_client_signs_in_with_a_key_of_each_kind(world: AuthWorld, alg: str) -> None:
    shop = await signer(world, alg)
    claims = await world.claims(given(await shop.ask()))
    assert claims["sub"] == claims["client_id"] == shop.id


async def test_eddsa_is_known_by_its_new_name_too(world: AuthWorld) -> None:
    shop = await signer(world, "EdDSA")
    assert given(await shop.ask(signed(shop.claims(), shop.key, "Ed25519")))


@pytest.mark.parametrize(
    "changes",
    [
        {"aud": f"{ISSUER}/auth/token"},
        {"aud": [ISSUER]},
        {"iat": None},
        {"jti": "x" * 255},
        {"nbf": 0},
        {"more": {"of": "it"}},
    ],
)
async def test_what_else_a_good_assertion_may_say(shop: Signer, changes: dict[str, Any]) -> None:
    assert given(await shop.ask(shop.assertion(**changes)))


@pytest.mark.parametrize("header", [{"typ": "JWT"}, {"typ": "client-authentication+jwt"}, {"typ": "jwt"}])
async def test_its_type_may_be_said(shop: Signer, header: dict[str, str]) -> None:
    assert given(await shop.ask(signed(shop.claims(), shop.key, shop.alg, **header)))


async def test_the_key_may_be_named_and_the_secret_goes_on(world: AuthWorld, shop: Signer) -> None:
    (key,) = (await world.service.show_client(shop.client.client.id)).keys
    assert given(await shop.ask(signed(shop.claims(), shop.key, shop.alg, kid=key.kid)))
    assert error(await shop.ask(signed(shop.claims(), shop.key, shop.alg, kid="another"))) == "invalid_client"
    assert await world.begin(shop.client)


NOW_IS = "now + "  # what follows is added to the present second


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "someone"},
        {"iss": None},
        {"sub": None},
        {"aud": "https://elsewhere.example"},
        {"aud": [ISSUER, "https://elsewhere.example"]},
        {"aud": []},
        {"aud": None},
        {"aud": f"{ISSUER}/"},
        {"exp": None},
        {"exp": "soon"},
        {"exp": NOW_IS + "-11"},
        {"exp": NOW_IS + "3611"},
        {"exp": -1},
        {"exp": True},
        {"nbf": NOW_IS + "11"},
        {"iat": NOW_IS + "11"},
        {"iat": "today"},
        {"jti": None},
        {"jti": ""},
        {"jti": "x" * 256},
        {"jti": 7},
        {"jti": "a\0b"},
    ],
    ids=str,
)
async def test_what_a_bad_assertion_says(world: AuthWorld, shop: Signer, changes: dict[str, Any]) -> None:
    now = int(world.clock.now().timestamp())
    said = {
        name: now + int(value.removeprefix(NOW_IS)) if isinstance(value, str) and value.startswith(NOW_IS) else value
        for name, value in changes.items()
    }
    assert error(await shop.ask(shop.assertion(**said))) == "invalid_client"
    assert given(await shop.ask())


@pytest.mark.parametrize("header", [{"typ": "at+jwt"}, {"jku": "http://127.0.0.1/keys"}, {"b64": True}], ids=str)
async def test_what_a_bad_header_says(shop: Signer, header: dict[str, Any]) -> None:
    assert error(await shop.ask(signed(shop.claims(), shop.key, shop.alg, **header))) == "invalid_client"


async def test_a_signature_of_another_kind_or_key_is_none(world: AuthWorld, shop: Signer) -> None:
    head, body, tail = shop.assertion().split(".")
    for assertion in (
        signed(shop.claims(), ECKey.generate_key("P-256"), "ES256"),
        signed(shop.claims(), KEYS["RS256"], "RS256"),
        signed(shop.claims(), KEYS["EdDSA"], "EdDSA"),
        hashed(shop.claims(), public(shop.key)),
        signed(shop.claims(), OctKey.import_key(shop.client.client_secret), "HS256"),
        f"{head}.{body}.",
        f"{head}.{body}.{'A' * len(tail)}",
        f"eyJhbGciOiJub25lIn0.{body}.",
        signed(b'{"sub": "%s", "sub": "%s"}' % ((shop.id.encode(),) * 2), shop.key, shop.alg),
    ):
        assert error(await shop.ask(assertion)) == "invalid_client"
    stranger = await signer(world, "ES256", ECKey.generate_key("P-256"))
    assert error(await stranger.ask(signed(shop.claims(), stranger.key, "ES256"))) == "invalid_client"


async def test_a_client_without_keys_and_one_that_is_unknown_or_disabled_are_refused(world: AuthWorld) -> None:
    shop = await signer(world)
    plain = Signer(world, await world.client(), shop.key, shop.alg)
    assert error(await plain.ask()) == "invalid_client"
    await world.service.disable_client("test", shop.client.client.id)
    assert error(await shop.ask()) == "invalid_client"
    await world.do("DELETE FROM client")
    assert error(await shop.ask()) == "invalid_client"


async def test_a_retired_key_opens_nothing(world: AuthWorld, shop: Signer) -> None:
    (key,) = (await world.service.show_client(shop.client.client.id)).keys
    await world.service.retire_key("test", shop.client.client.id, key.id)
    assert error(await shop.ask()) == "invalid_client"


# once


async def test_an_assertion_is_good_once_whatever_it_was_used_for(shop: Signer) -> None:
    used, spoilt = shop.assertion(), shop.assertion()
    assert given(await shop.ask(used))
    assert error(await shop.ask(used)) == "invalid_client"
    assert error(await shop.ask(spoilt, scope="none")) == "invalid_scope"
    assert error(await shop.ask(spoilt)) == "invalid_client"


async def test_the_same_jti_of_two_clients_is_two(world: AuthWorld, shop: Signer) -> None:
    other = await signer(world)
    assert given(await shop.ask(shop.assertion(jti="1")))
    assert given(await other.ask(other.assertion(jti="1")))


async def test_of_one_assertion_twice_in_a_batch_one_is_answered(world: AuthWorld, shop: Signer) -> None:
    assertion = shop.assertion()
    outcomes = await world.service.issue_tokens([shop.request(assertion) for _ in range(5)])
    assert len(winners(outcomes)) == 1


async def test_of_one_assertion_at_once_over_many_connections_one_is_answered(world: AuthWorld, shop: Signer) -> None:
    assertion = shop.assertion()
    await world.service.keys()
    batches = await held_back(
        world.database,
        "LOCK TABLE assertion_jti IN SHARE MODE",
        [partial(world.service.issue_tokens, [shop.request(assertion)]) for _ in range(6)],
    )
    assert len(winners(outcome for (outcome,) in batches)) == 1


async def test_our_own_repeat_after_a_lost_answer_to_commit_is_not_taken_for_a_replay(
    world: AuthWorld, shop: Signer
) -> None:
    database = forgetful(world.database)
    service, asked = service_on(database, world.clock), shop.request(shop.assertion())
    await service.keys()
    database.losses = 1
    (first,) = await service.issue_tokens([asked])
    database.losses = 2
    with pytest.raises(Unavailable):
        await service.issue_tokens([shop.request(shop.assertion())])
    assert given(first)
    assert (await world.run("SELECT count(*) FROM token_family"))[0][0] == 2


async def test_it_signs_in_to_return_tokens_and_to_ask_about_them_too(world: AuthWorld, shop: Signer) -> None:
    token = given(await shop.ask()).access_token
    ask = partial(shop.request, token=token)
    assert (await world.service.introspect(ask(shop.assertion())))["active"]
    await world.service.revoke(ask(shop.assertion()))
    assert not (await world.service.introspect(ask(shop.assertion())))["active"]


async def test_when_a_key_was_last_used_is_noted_once_a_minute(world: AuthWorld, shop: Signer) -> None:
    async def last_used() -> Any:
        return (await world.service.show_client(shop.client.client.id)).keys[0].last_used_at

    assert await last_used() is None
    first = world.clock.now()
    await shop.ask()
    world.clock.move(30)
    await shop.ask()
    assert await last_used() == first
    world.clock.move(31)
    await shop.ask()
    assert await last_used() == world.clock.now()


def test_a_stored_key_shows_nothing_of_itself() -> None:
    assert "secret-ish" not in repr(StoredKey(None, "kid", "ES256", {"x": "secret-ish"}))  # type: ignore[arg-type]
