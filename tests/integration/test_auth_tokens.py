"""Tokens for client credentials."""

from datetime import UTC, datetime

import pytest

from app.verifier import LocalVerifier
from modules.auth.port import ClientKind
from modules.kernel.database import Database
from modules.kernel.errors import NotReached, Unavailable
from tests.integration.auth_world import (
    ACCESS_TTL_S,
    ISSUER,
    REFRESH_TTL_S,
    SERVICE_TTL_S,
    AuthWorld,
    Statements,
    error,
    forgetful,
    given,
    request,
    service_on,
)

TABLES = ("client", "client_secret", "signing_key", "token_family", "refresh_token", "revocation")


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


async def test_an_access_token_says_what_rfc_9068_asks_for(world: AuthWorld) -> None:
    client = await world.client()
    answer = await world.begin(client)
    claims = await world.claims(answer)
    issued = int(world.clock.now().timestamp())
    assert claims.pop("jti") != claims.pop("fid")
    assert claims == {
        "iss": ISSUER,
        "sub": client.client.id,
        "client_id": client.client.id,
        "aud": "urn:waybill:sales",
        "scope": "orders:read orders:write",
        "iat": issued,
        "exp": issued + ACCESS_TTL_S,
        "gen": 1,
    }
    assert (answer.token_type, answer.expires_in, answer.scope) == ("Bearer", 300, claims["scope"])


async def test_a_verifier_that_follows_auth_takes_its_tokens(world: AuthWorld) -> None:
    client = await world.client()
    answer = await world.begin(client)
    verifier = LocalVerifier(ISSUER, 10, world.clock)
    await verifier.learn(world.service)
    principal = verifier.verify(answer.access_token, "sales")
    assert principal.client_id == client.client.id
    assert principal.scopes == {"orders:read", "orders:write"}
    assert principal.expires_at == datetime.fromtimestamp(int(world.clock.now().timestamp()) + ACCESS_TTL_S, UTC)


async def test_tokens_of_our_own_services_live_an_hour(world: AuthWorld) -> None:
    client = await world.client(["internal:call"], ["product"], ClientKind.SERVICE)
    answer = await world.begin(client)
    assert answer.expires_in == SERVICE_TTL_S
    assert (await world.claims(answer))["scope"] == "internal:call"


async def test_a_resource_chooses_the_audience_and_its_scopes(world: AuthWorld) -> None:
    client = await world.client(["orders:read", "shipments:read"], ["sales", "delivery"])
    answer = await world.begin(client, resource="urn:waybill:delivery")
    claims = await world.claims(answer)
    assert (claims["aud"], claims["scope"]) == ("urn:waybill:delivery", "shipments:read")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials\x00"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials", "scope": "stock:write"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "orders:read stock:write"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "internal:call"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "scope": "\x00"}, "invalid_scope"),
        ({"grant_type": "client_credentials", "resource": "urn:waybill:product"}, "invalid_target"),
        ({"grant_type": "client_credentials", "resource": "\x00"}, "invalid_target"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": ""}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "made up \x00"}, "invalid_grant"),
    ],
)
async def test_what_cannot_be_had_is_refused_by_name(world: AuthWorld, form: dict[str, str], expected: str) -> None:
    assert error(await world.ask(await world.client(), **form)) == expected
    assert await world.run("SELECT id FROM token_family") == []


async def test_unknown_wrong_and_disabled_are_refused_in_the_same_words(world: AuthWorld) -> None:
    client, disabled = await world.client(), await world.client()
    await world.do("UPDATE client SET disabled_at = now() WHERE id = :id", id=disabled.client.id)
    ask = b"grant_type=client_credentials&client_id=%b&client_secret=%b"
    id_, secret = client.client.id.encode(), client.client_secret.encode()
    outcomes = [
        await world.service.token(ask % pair, [])
        for pair in (
            (id_, b"wrong"),
            (id_, secret + b"x"),
            (id_, disabled.client_secret.encode()),
            (b"01a204cc-76f2-7547-a389-823822a9ae13", secret),
            (b"nobody", secret),
            (disabled.client.id.encode(), disabled.client_secret.encode()),
        )
    ]
    assert {error(outcome) for outcome in outcomes} == {"invalid_client"}
    assert len({str(outcome) for outcome in outcomes}) == 1


async def test_both_live_secrets_are_good_and_a_retired_one_is_not(world: AuthWorld) -> None:
    client, other = await world.client(), await world.client()
    await world.do(
        "UPDATE client_secret SET client_id = :id, slot = 2 WHERE client_id = :other",
        id=client.client.id,
        other=other.client.id,
    )
    ask = f"grant_type=client_credentials&client_id={client.client.id}&client_secret="
    for secret in (client.client_secret, other.client_secret):
        given(await world.service.token((ask + secret).encode(), []))
    await world.do("UPDATE client_secret SET retired_at = now() WHERE slot = 1")
    assert error(await world.service.token((ask + client.client_secret).encode(), [])) == "invalid_client"
    given(await world.service.token((ask + other.client_secret).encode(), []))


async def test_one_bad_request_never_fails_its_neighbours(world: AuthWorld) -> None:
    first, second = await world.client(), await world.client(["stock:write"], ["product"])
    token = (await world.begin(first)).refresh_token
    outcomes = await world.service.issue_tokens(
        [
            request(first, grant_type="client_credentials"),
            request(first, grant_type="client_credentials", scope="stock:write"),
            request(second, grant_type="client_credentials"),
            request(second, grant_type="refresh_token", refresh_token=token),
            request(first, grant_type="refresh_token", refresh_token=token),
            request(first, grant_type="nonsense"),
        ]
    )
    assert [given(outcomes[place]).scope for place in (0, 2, 4)] == [
        "orders:read orders:write",
        "stock:write",
        "orders:read orders:write",
    ]
    assert [error(outcomes[place]) for place in (1, 3, 5)] == [
        "invalid_scope",
        "invalid_grant",
        "unsupported_grant_type",
    ]


async def test_a_batch_costs_the_same_statements_however_large(world: AuthWorld) -> None:
    client = await world.client()
    tokens = [(await world.begin(client)).refresh_token for _ in range(40)]
    statements = Statements(world.database)
    counts = []
    for size, chunk in ((1, tokens[:1]), (39, tokens[1:])):
        begin = [request(client, grant_type="client_credentials") for _ in range(size)]
        refresh = [request(client, grant_type="refresh_token", refresh_token=token) for token in chunk]
        mark = len(statements.sent)
        outcomes = await world.service.issue_tokens(begin + refresh)
        assert all(given(outcome) for outcome in outcomes)
        counts.append(statements.since(mark))
    assert counts == [4, 4]


async def test_the_use_of_a_secret_is_noted_once_a_minute(world: AuthWorld) -> None:
    client = await world.client()
    noted = []
    for _ in range(3):
        await world.begin(client)
        noted.append((await world.run("SELECT last_used_at FROM client_secret"))[0][0])
        world.clock.move(31)
    assert noted[0] == noted[1]
    assert noted[2] > noted[1]


async def test_no_secret_or_token_is_in_the_database(world: AuthWorld) -> None:
    client = await world.client()
    answer = await world.begin(client)
    again = given(await world.refresh(client, answer.refresh_token))
    rows = [row for table in TABLES for row in await world.run(f"SELECT CAST(t AS text) FROM {table} t")]  # noqa: S608
    stored = "\n".join(row[0] for row in rows)
    for secret in (client.client_secret, answer.refresh_token, again.refresh_token):
        assert secret not in stored
        assert secret.encode().hex() not in stored
    assert answer.access_token.rpartition(".")[2] not in stored


async def test_a_family_ends_when_its_time_is_over(world: AuthWorld) -> None:
    await world.begin(await world.client())
    ((ends,),) = await world.run("SELECT expires_at - created_at FROM token_family")
    assert ends.total_seconds() == REFRESH_TTL_S


async def test_a_lost_commit_answer_gives_the_tokens_once(world: AuthWorld) -> None:
    client = await world.client()
    database = forgetful(world.database)
    service = service_on(database, world.clock)
    await service.keys()
    database.losses = 1
    answer = given((await service.issue_tokens([request(client, grant_type="client_credentials")]))[0])
    assert len(await world.run("SELECT id FROM token_family")) == 1
    given(await world.refresh(client, answer.refresh_token))


async def test_two_lost_answers_are_unavailable_and_never_called_a_failure(world: AuthWorld) -> None:
    client = await world.client()
    database = forgetful(world.database)
    service = service_on(database, world.clock)
    await service.keys()
    database.losses = 2
    with pytest.raises(Unavailable) as lost:
        await service.issue_tokens([request(client, grant_type="client_credentials")])
    assert not isinstance(lost.value, NotReached)
