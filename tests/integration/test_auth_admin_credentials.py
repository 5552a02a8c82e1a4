"""What clients sign in with, given to them over HTTP: shown once, never again, and never to who would be a service."""

from itertools import count
from typing import Any

import pytest

from modules.kernel.ids import new_id, service_id
from tests.integration.admin_world import SHOP, Admin, admin, changed
from tests.integration.signing import KEYS, Key, public, signed

__all__ = ["admin"]

SALES = service_id("sales")


async def test_secrets_are_shown_once_in_an_answer_that_nobody_may_keep_and_nowhere_else(admin: Admin) -> None:
    made = await admin.ask("POST ", SHOP)
    id_ = made.json()["client"]["id"]
    other = await admin.ask(f"POST /{id_}/secrets")
    secrets = [answer.json()["client_secret"] for answer in (made, other)]
    for answer in (made, other):
        assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert made.headers["location"] == f"/auth/clients/{id_}"
    assert other.headers["location"] == f"/auth/clients/{id_}/secrets/{other.json()['id']}"
    asked = [
        await admin.ask("GET "),
        await admin.ask(f"GET /{id_}"),
        await admin.ask(f"PATCH /{id_}", {"name": "Other"}),
        await admin.ask(f"POST /{id_}/secrets"),
        await admin.ask(f"POST /{id_}/keys", {"public_key": public(KEYS["ES256"])}),
        await admin.ask(f"POST /{id_}/keys", {"public_key": secrets[0]}),
        await admin.ask(f"GET /{secrets[0]}"),
        await admin.sign_in(id_, secrets[0]),
        await admin.sign_in(id_, secrets[0] + "x"),
    ]
    assert [answer.status_code for answer in asked] == [200, 200, 200, 409, 201, 422, 404, 200, 401]
    said = [answer.text + str(answer.headers) for answer in asked if secrets[0] not in str(answer.request.url)]
    written = [line for line in admin.log if secrets[0] not in line or f"GET /auth/clients/{secrets[0]}" not in line]
    assert len(admin.log) > len(asked)
    for secret in secrets:
        assert not [one for one in (*said, *written) if secret in one or secret.removeprefix("wbs_") in one]


async def test_two_secrets_are_the_most_and_the_last_thing_to_sign_in_with_stays(admin: Admin) -> None:
    made = (await admin.made())["client"]
    await admin.ask(f"POST /{made['id']}/secrets")
    live = [one["id"] for one in (await admin.shown(made["id"]))["secrets"]]
    third = await admin.ask(f"POST /{made['id']}/secrets")
    assert (third.status_code, third.json()["code"]) == (409, "auth.two_live_secrets")
    assert sorted(third.json()["secrets"]) == sorted(live)
    assert (await admin.ask(f"DELETE /{made['id']}/secrets/{live[0]}")).status_code == 204
    last = await admin.ask(f"DELETE /{made['id']}/secrets/{live[1]}")
    assert (last.status_code, last.json()["code"]) == (409, "auth.last_credential")
    keys = (await admin.ask(f"POST /{made['id']}/keys", {"public_key": public(KEYS["EdDSA"])})).json()
    assert (await admin.ask(f"DELETE /{made['id']}/secrets/{live[1]}")).status_code == 204
    assert (await admin.ask(f"DELETE /{made['id']}/keys/{keys[0]['id']}")).status_code == 409


# keys


def written(key: Key, form: str) -> Any:
    return public(key) if form == "PEM" else dict(key.as_dict(private=False))


@pytest.mark.parametrize("form", ["PEM", "JWK"])
@pytest.mark.parametrize("alg", KEYS)
async def test_a_client_signs_in_with_a_key_given_in_pem_or_as_a_jwk(admin: Admin, alg: str, form: str) -> None:
    made = (await admin.made())["client"]
    body = {"public_key": written(KEYS[alg], form)}
    for _ in range(2):  # the same key is not added twice
        answer = await admin.ask(f"POST /{made['id']}/keys", body)
        assert answer.status_code == 201
        (view,) = answer.json()
    assert (view["algorithm"], view["last_used_at"]) == (alg, None)
    issuer = admin.container.settings().tokens.issuer
    now = admin.container.clock().now().timestamp()
    claims = {"iss": made["id"], "sub": made["id"], "aud": issuer, "exp": now + 60, "jti": str(new_id())}
    form_ = {
        "grant_type": "client_credentials",
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": signed(claims, KEYS[alg], alg, kid=view["kid"]),
    }
    assert (await admin.http.post("/auth/token", data=form_)).status_code == 200
    assert (await admin.shown(made["id"]))["keys"][0]["last_used_at"]
    assert (await admin.ask(f"DELETE /{made['id']}/keys/{view['id']}")).status_code == 204
    assert (await admin.shown(made["id"]))["keys"] == []


PRIVATE = dict(KEYS["ES256"].as_dict(private=True))
ON_P256 = {"kty": "EC", "crv": "P-256"}


@pytest.mark.parametrize(
    "public_key",
    [
        PRIVATE,
        KEYS["ES256"].as_pem(private=True).decode(),  # type: ignore[union-attr]
        "",
        "nonsense",
        "{",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----",
        {},
        {"kty": "oct", "k": "c2VjcmV0"},
        {"kty": ["EC"]},
        ON_P256,
        ON_P256 | {"x": 7, "y": 7},
        ON_P256 | {"x": 10**40, "y": 1},
        {"kty": "EC", "one of many": -(10**90)},
        ON_P256 | {"x": "AAAA", "y": "AAAA"},
        ON_P256 | {"x": "A" * 43, "y": "A" * 43},
        {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "RSA", "n": "/" * 342, "e": "AQAB"},
        {**PRIVATE, "d": None},
        {key: value for key, value in PRIVATE.items() if key != "d"} | {"use": "enc"},
        {key: value for key, value in PRIVATE.items() if key != "d"} | {"key_ops": [["verify"]]},
        {key: value for key, value in PRIVATE.items() if key != "d"} | {"alg": "RS256"},
        {key: value for key, value in PRIVATE.items() if key != "d"} | {"kid": "a\nb"},
        {key: value for key, value in PRIVATE.items() if key != "d"} | {"kid": ""},
        {"kty": "EC", "deep": [[[[[[]]]]]]},
        7,
        None,
        ["a"],
    ],
    ids=count(),  # what they are is another in every worker
)
async def test_what_is_no_public_key_is_422_and_not_repeated(admin: Admin, public_key: Any) -> None:
    made = (await admin.made())["client"]
    once = {"Idempotency-Key": str(new_id())}
    answer = await admin.ask(f"POST /{made['id']}/keys", {"public_key": public_key}, headers=once)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"].startswith("/public_key")
    assert (await admin.shown(made["id"]))["keys"] == []
    assert str(PRIVATE["d"]) not in answer.text + " ".join(admin.log)


async def test_a_third_key_is_one_too_many(admin: Admin) -> None:
    made = (await admin.made())["client"]
    for alg in ("ES256", "EdDSA"):
        last = await admin.ask(f"POST /{made['id']}/keys", {"public_key": public(KEYS[alg])})
    third = await admin.ask(f"POST /{made['id']}/keys", {"public_key": public(KEYS["RS256"])})
    assert (third.status_code, third.json()["code"]) == (409, "auth.two_live_keys")
    assert sorted(third.json()["keys"]) == sorted(one["id"] for one in last.json())


# services of ours


@pytest.fixture
async def service(admin: Admin) -> str:
    """A service of ours, with its key."""
    await admin.container.auth().admit_services({"sales": public(KEYS["ES256"])}, {"sales": ["product", "auth"]})
    return SALES


@pytest.mark.parametrize(
    ("request_", "body"),
    [
        ("PATCH /{id}", {"name": "Mine"}),
        ("PATCH /{id}", {"scopes": ["orders:read"], "audiences": ["sales"]}),
        ("DELETE /{id}", None),
        ("POST /{id}/secrets", None),
        ("POST /{id}/keys", {"public_key": public(KEYS["EdDSA"])}),
    ],
)
async def test_a_service_of_ours_is_not_changed_deleted_or_lent_to_anyone(
    admin: Admin, service: str, request_: str, body: Any
) -> None:
    before = await changed(admin)
    answer = await admin.ask(request_.format(id=service), body)
    assert (answer.status_code, answer.json()["code"]) == (409, "auth.service_client")
    assert await changed(admin) == before


async def test_a_service_of_ours_can_be_shut_out_and_let_in(admin: Admin, service: str) -> None:
    for disabled in (True, False):
        answer = await admin.ask(f"PATCH /{service}", {"disabled": disabled})
        assert (answer.status_code, answer.json()["disabled_at"] is not None) == (200, disabled)
    (key,) = (await admin.shown(service))["keys"]
    last = await admin.ask(f"DELETE /{service}/keys/{key['id']}")
    assert (last.status_code, last.json()["code"]) == (409, "auth.last_credential")
