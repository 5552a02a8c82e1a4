"""Tokens that come back to auth: revoked with their family, or told about to whom they concern."""

import base64
import json
from collections.abc import Sequence
from urllib.parse import urlencode

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from modules.auth.port import ClientCreated
from modules.auth.service import TokenRefused, TokenRequest, read_request
from modules.auth.service.returned import INACTIVE
from modules.kernel.database import Database
from modules.kernel.ids import new_id
from tests.integration.auth_world import ACCESS_TTL_S, ISSUER, REFRESH_TTL_S, AuthWorld, error, request

NONE = "wbr_" + "x" * 43


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


async def refused(world: AuthWorld, asked: TokenRequest) -> Sequence[str]:
    """What revoking and introspecting say to a request that both refuse."""
    said = []
    for answer in (world.service.revoke, world.service.introspect):
        with pytest.raises(TokenRefused) as no:
            await answer(asked)
        said.append(no.value.error)
    return said


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_to_revoke_either_token_ends_both_and_tells_the_verifiers(world: AuthWorld, kind: str) -> None:
    client = await world.client()
    tokens, others = await world.begin(client), await world.begin(client)
    await world.service.revoke(request(client, token=getattr(tokens, kind)))
    assert error(await world.refresh(client, tokens.refresh_token)) == "invalid_grant"
    (told,) = (await world.service.revocations(0)).items
    assert str(told.family) == (await world.claims(tokens))["fid"]
    assert (await world.refresh(client, others.refresh_token)).access_token  # type: ignore[union-attr]


async def test_to_revoke_again_or_by_another_kind_changes_nothing_more(world: AuthWorld) -> None:
    client = await world.client()
    tokens = await world.begin(client)
    for token in (tokens.refresh_token, tokens.refresh_token, tokens.access_token):
        await world.service.revoke(request(client, token=token, token_type_hint="access_token"))
    assert len((await world.service.revocations(0)).items) == 1


async def test_an_access_token_that_is_over_still_ends_its_family(world: AuthWorld) -> None:
    client = await world.client()
    tokens = await world.begin(client)
    world.clock.move(ACCESS_TTL_S + 60)
    await world.service.revoke(request(client, token=tokens.access_token))
    assert error(await world.refresh(client, tokens.refresh_token)) == "invalid_grant"


async def forged(client: ClientCreated, key: ECKey | None = None, typ: str = "at+jwt", issuer: str = ISSUER) -> str:
    """A token that says what ours say, signed by somebody else, or by us and no access token of ours."""
    claims = {"iss": issuer, "fid": str(new_id()), "client_id": client.client.id, "gen": 1, "exp": 2**31, "iat": 1}
    claims |= {"scope": "orders:read", "sub": client.client.id, "aud": "urn:waybill:sales", "jti": str(new_id())}
    key = key or ECKey.generate_key("P-256", {"kid": "x"})
    return jwt.encode({"alg": "ES256", "typ": typ, "kid": key.kid}, claims, key, algorithms=["ES256"])


@pytest.mark.parametrize(("typ", "issuer"), [("JWT", ISSUER), ("at+jwt", "https://elsewhere.example")])
async def test_what_our_key_has_signed_is_no_access_token_for_that(world: AuthWorld, typ: str, issuer: str) -> None:
    client = await world.client()
    tokens = await world.begin(client)
    claims = await world.claims(tokens)
    token = await forged(client, await world.service._keyring.active(), typ, issuer)
    await world.do(
        "INSERT INTO token_family (id, client_id, generation, scopes, audience, created_at, expires_at)"
        " SELECT :fid, client_id, generation, scopes, audience, created_at, expires_at FROM token_family WHERE id = :id",
        fid=_family(token),
        id=claims["fid"],
    )
    assert await world.service.introspect(request(client, token=token)) == INACTIVE
    await world.service.revoke(request(client, token=token))
    assert (await world.service.revocations(0)).items == ()


def _family(token: str) -> str:
    payload = token.split(".")[1]
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))["fid"])


@pytest.mark.parametrize("token", [NONE, "wbr_", "x", "a.b.c", "ü.ü.ü", "x" * 5000, "eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_token_of_ours_is_passed_over_and_inactive(world: AuthWorld, token: str) -> None:
    client = await world.client()
    for one in (token, await forged(client)):
        await world.service.revoke(request(client, token=one))
        assert await world.service.introspect(request(client, token=one)) == INACTIVE
    assert (await world.service.revocations(0)).items == ()


async def test_anothers_token_is_not_revoked_and_nothing_is_told_of_it(world: AuthWorld) -> None:
    owner, other = await world.client(), await world.client()
    tokens = await world.begin(owner)
    for token in (tokens.access_token, tokens.refresh_token):
        with pytest.raises(TokenRefused) as no:
            await world.service.revoke(request(other, token=token))
        assert no.value.error == "invalid_grant"
        assert await world.service.introspect(request(other, token=token)) == INACTIVE
    assert (await world.service.revocations(0)).items == ()
    assert (await world.refresh(owner, tokens.refresh_token)).access_token  # type: ignore[union-attr]


async def test_whoever_does_not_authenticate_or_names_no_token_is_refused(world: AuthWorld) -> None:
    client = await world.client()
    tokens = await world.begin(client)
    form = {"client_id": client.client.id, "client_secret": "wbs_wrong", "token": tokens.access_token}
    assert await refused(world, read_request(urlencode(form).encode(), [])) == ["invalid_client"] * 2
    unknown = form | {"client_id": str(new_id())}
    assert await refused(world, read_request(urlencode(unknown).encode(), [])) == ["invalid_client"] * 2
    assert await refused(world, request(client)) == ["invalid_request"] * 2
    await world.do("UPDATE client SET disabled_at = now()")
    assert await refused(world, request(client, token=tokens.access_token)) == ["invalid_client"] * 2


async def test_an_access_token_is_told_with_all_that_it_says(world: AuthWorld) -> None:
    client = await world.client()
    tokens = await world.begin(client)
    claims = await world.claims(tokens)
    told = await world.service.introspect(request(client, token=tokens.access_token))
    names = ("scope", "client_id", "exp", "iat", "sub", "aud", "iss", "jti")
    assert told == {"active": True, "token_type": "Bearer", **{name: claims[name] for name in names}}


async def test_a_refresh_token_is_told_until_it_is_used(world: AuthWorld) -> None:
    client = await world.client()
    tokens = await world.begin(client)
    told = await world.service.introspect(request(client, token=tokens.refresh_token))
    assert (told["active"], told["scope"], told["aud"]) == (True, "orders:read orders:write", "urn:waybill:sales")
    assert told["exp"] == int(world.clock.now().timestamp()) + REFRESH_TTL_S
    await world.refresh(client, tokens.refresh_token)
    assert await world.service.introspect(request(client, token=tokens.refresh_token)) == INACTIVE


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
@pytest.mark.parametrize("end", ["revoked", "over", "disabled", "generation"])
async def test_what_opens_nothing_any_more_is_inactive(world: AuthWorld, end: str, kind: str) -> None:
    client = await world.client()
    watcher = await world.client(["auth:introspect"], ["auth"])
    token = getattr(await world.begin(client), kind)
    assert (await world.service.introspect(request(watcher, token=token)))["active"] is True
    match end:
        case "revoked":
            await world.service.revoke(request(client, token=token))
        case "over":
            world.clock.move(REFRESH_TTL_S + 1)
        case "disabled":
            await world.do(
                "UPDATE client SET disabled_at = now() WHERE name = 'shop' AND id = :id", id=client.client.id
            )
        case "generation":
            await world.do("UPDATE client SET generation = 2 WHERE id = :id", id=client.client.id)
    assert await world.service.introspect(request(watcher, token=token)) == INACTIVE
