"""The token endpoint over HTTP."""

import base64
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from modules.auth.api import routes
from modules.auth.port import ClientCreated
from modules.kernel.database import Database
from tests.integration.auth_world import ISSUER, AuthWorld

FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture
def world(auth_database: Database) -> AuthWorld:
    return AuthWorld(auth_database)


@pytest.fixture
async def client(world: AuthWorld) -> ClientCreated:
    return await world.client()


@pytest.fixture
async def http(world: AuthWorld) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    app.include_router(routes(world.service))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://auth.example") as http:
        yield http


def credentials(client: ClientCreated) -> tuple[str, str]:
    return client.client.id, client.client_secret


async def test_tokens_come_as_rfc_6749_says(http: httpx.AsyncClient, client: ClientCreated) -> None:
    answer = await http.post("/auth/token", data={"grant_type": "client_credentials"}, auth=credentials(client))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    told = answer.json()
    assert set(told) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    form = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    again = await http.post("/auth/token", data=form, auth=credentials(client))
    assert again.json()["refresh_token"] != told["refresh_token"]


async def test_credentials_in_the_form_are_as_good(http: httpx.AsyncClient, client: ClientCreated) -> None:
    id_, secret = credentials(client)
    form = {"grant_type": "client_credentials", "client_id": id_, "client_secret": secret}
    assert (await http.post("/auth/token", data=form)).status_code == 200


async def test_a_charset_beside_the_media_type_is_accepted(http: httpx.AsyncClient, client: ClientCreated) -> None:
    answer = await http.post(
        "/auth/token",
        content=b"grant_type=client_credentials",
        headers={"content-type": "Application/X-WWW-Form-Urlencoded; charset=utf-8"},
        auth=credentials(client),
    )
    assert answer.status_code == 200


async def test_a_token_is_told_about_revoked_and_then_told_to_be_nothing(
    http: httpx.AsyncClient, client: ClientCreated
) -> None:
    asked = await http.post("/auth/token", data={"grant_type": "client_credentials"}, auth=credentials(client))
    form = {"token": asked.json()["access_token"], "token_type_hint": "refresh_token"}  # a hint may be wrong
    told = await http.post("/auth/introspect", data=form, auth=credentials(client))
    assert (told.status_code, told.headers["cache-control"]) == (200, "no-store")
    assert (told.json()["active"], told.json()["client_id"]) == (True, client.client.id)
    gone = await http.post("/auth/revoke", data=form, auth=credentials(client))
    assert (gone.status_code, gone.content, gone.headers["cache-control"]) == (200, b"", "no-store")
    assert (await http.post("/auth/introspect", data=form, auth=credentials(client))).json() == {"active": False}


@pytest.mark.parametrize("path", ["/auth/revoke", "/auth/introspect"])
async def test_whoever_returns_a_token_authenticates_and_names_it_once(
    http: httpx.AsyncClient, client: ClientCreated, path: str
) -> None:
    nobody = await http.post(path, data={"token": "x"})
    assert (nobody.status_code, nobody.json()["error"]) == (401, "invalid_client")
    assert nobody.headers["www-authenticate"].startswith("Basic ")
    without = await http.post(path, data={"token": ""}, auth=credentials(client))
    assert (without.status_code, without.json()["error"]) == (400, "invalid_request")
    twice = await http.post(path, content=b"token=a&token=b", headers=FORM, auth=credentials(client))
    assert (twice.status_code, twice.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("path", ["/auth/token", "/auth/revoke", "/auth/introspect"])
@pytest.mark.parametrize("headers", [{}, {"content-type": "application/json"}, {"content-type": "text/plain"}])
async def test_anything_but_a_form_is_415(
    http: httpx.AsyncClient, client: ClientCreated, headers: dict[str, str], path: str
) -> None:
    answer = await http.post(path, content=b"{}", headers=headers, auth=credentials(client))
    assert answer.status_code == 415
    assert answer.json()["error"] == "invalid_request"


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"", "invalid_request"),
        (b"\xff\xff\xff", "invalid_request"),
        (b"grant_type=%ff", "invalid_request"),
        (b"grant_type=%", "invalid_request"),
        (b"grant_type=client_credentials&grant_type=client_credentials", "invalid_request"),
        (b"grant_type=client_credentials&client_secret=x", "invalid_request"),
        (b"grant_type=refresh_token", "invalid_request"),
        (b"grant_type=refresh_token&refresh_token=" + b"x" * 900_000, "invalid_grant"),
        (b"grant_type=" + b"x" * 900_000, "unsupported_grant_type"),
        (b"grant_type=client_credentials&scope=" + b"x" * 900_000, "invalid_scope"),
        (b"grant_type=client_credentials&scope=%00", "invalid_scope"),
        (b"grant_type=client_credentials&resource=%F0%9F%A6%84", "invalid_target"),
        (b"grant_type=client_credentials&resource=a&resource=b", "invalid_target"),
    ],
    ids=lambda value: value[:40] if isinstance(value, bytes) else value,
)
async def test_rubbish_is_400_and_named(
    http: httpx.AsyncClient, client: ClientCreated, body: bytes, error: str
) -> None:
    answer = await http.post("/auth/token", content=body, headers=FORM, auth=credentials(client))
    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "authorization",
    ["Basic", "Basic ", "Basic !!!!", "Basic /////w==", "Bearer x", "Negotiate", "Basic " + "QTpB" * 5000, "\xff"],
    ids=lambda value: ascii(value)[:20],
)
async def test_whoever_does_not_authenticate_is_401_with_a_challenge(
    http: httpx.AsyncClient, authorization: str
) -> None:
    answer = await http.post(
        "/auth/token",
        content=b"grant_type=client_credentials",
        headers=[(b"authorization", authorization.encode("latin-1")), (b"content-type", FORM["content-type"].encode())],
    )
    assert answer.status_code == 401
    assert answer.json() == {"error": "invalid_client", "error_description": "Client authentication failed."}
    assert answer.headers["www-authenticate"].startswith('Basic realm="waybill"')


async def test_an_unknown_client_and_a_wrong_secret_get_the_same_answer(
    http: httpx.AsyncClient, client: ClientCreated
) -> None:
    answers = []
    for pair in ((client.client.id, "wrong"), ("01a204cc-76f2-7547-a389-823822a9ae13", "wrong"), ("x", "wrong")):
        answer = await http.post("/auth/token", data={"grant_type": "client_credentials"}, auth=pair)
        answers.append((answer.status_code, answer.content, sorted(answer.headers.items())))
    assert answers[0] == answers[1] == answers[2]


async def test_two_authorization_headers_are_refused(http: httpx.AsyncClient, client: ClientCreated) -> None:
    basic = b"Basic " + base64.b64encode(":".join(credentials(client)).encode())
    headers = [(b"authorization", basic), (b"authorization", basic), (b"content-type", FORM["content-type"].encode())]
    answer = await http.post("/auth/token", content=b"grant_type=client_credentials", headers=headers)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


async def test_tokens_are_only_posted_for(http: httpx.AsyncClient) -> None:
    assert (await http.get("/auth/token")).status_code == 405


async def test_jwks_hold_public_keys_only(http: httpx.AsyncClient) -> None:
    answer = await http.get("/.well-known/jwks.json")
    (key,) = answer.json()["keys"]
    assert set(key) == {"kty", "crv", "alg", "use", "kid", "x", "y"}
    assert "max-age" in answer.headers["cache-control"]


async def test_metadata_names_what_there_is(http: httpx.AsyncClient) -> None:
    told: dict[str, Any] = (await http.get("/.well-known/oauth-authorization-server")).json()
    assert told["issuer"] == ISSUER
    for endpoint in ("token_endpoint", "jwks_uri", "revocation_endpoint", "introspection_endpoint"):
        assert told[endpoint].startswith(ISSUER)
        path = told[endpoint].removeprefix(ISSUER)
        assert (await http.get(path)).status_code in {200, 405}
    assert told["grant_types_supported"] == ["client_credentials", "refresh_token"]
    assert "internal:call" not in told["scopes_supported"]


async def test_requests_may_be_answered_by_a_batcher(world: AuthWorld, client: ClientCreated) -> None:
    asked = []

    async def batched(request: Any) -> Any:
        asked.append(request)
        return (await world.service.issue_tokens([request]))[0]

    app = FastAPI()
    app.include_router(routes(world.service, batched))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as http:
        await http.post("/auth/token", data={"grant_type": "client_credentials"}, auth=credentials(client))
    assert len(asked) == 1


async def test_every_answer_is_declared(world: AuthWorld) -> None:
    app = FastAPI()
    app.include_router(routes(world.service))
    token = app.openapi()["paths"]["/auth/token"]["post"]
    assert set(token["responses"]) == {"200", "400", "401", "413", "415", "429", "503"}
    assert list(token["requestBody"]["content"]) == ["application/x-www-form-urlencoded"]
