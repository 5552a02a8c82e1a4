"""Clients, looked after over HTTP: who may, what is answered, and what is refused."""

from typing import Any

import pytest

from modules.kernel.database import sql
from tests.integration.admin_world import SHOP, Admin, admin, changed
from tests.integration.signing import KEYS, public

__all__ = ["admin"]

NOBODY = "01a21313-0000-7000-8000-000000000000"
NO_ID = ("nonsense", "0", "%2e%2e", "%F0%9F%A6%84", "a" * 3000, "null", "-1", "'%20OR%201=1--")
ROUTES = {
    "GET ": None,
    "POST ": SHOP,
    "GET /{id}": None,
    "PATCH /{id}": {"name": "Other"},
    "DELETE /{id}": None,
    "POST /{id}/secrets": None,
    "DELETE /{id}/secrets/{id}": None,
    "POST /{id}/keys": {"public_key": public(KEYS["ES256"])},
    "DELETE /{id}/keys/{id}": None,
}


def test_each_route_is_here(admin: Admin) -> None:
    templates = {
        name.replace("secret_id", "id").replace("key_id", "id").replace("client_id", "id")
        for name in admin.operations()
    }
    assert templates == {route.replace(" ", " /auth/clients") for route in ROUTES}
    assert all(said["security"] == [{"oauth2": ["auth:admin"]}] for said in admin.operations().values())


@pytest.mark.parametrize("route", ROUTES)
async def test_nobody_comes_in_without_the_scope(admin: Admin, route: str) -> None:
    seen = await admin.token_of(await admin.registered(["auth:introspect"], ["auth"]))
    elsewhere = await admin.token_of(await admin.registered(["ops:read", "ops:write"], ["ops"]))
    shop = await admin.made()
    request = route.format(id=shop["client"]["id"])
    before = await changed(admin)
    nobody = await admin.ask(request, ROUTES[route], token="")
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, 'Bearer realm="waybill"')
    for token in (elsewhere, "nonsense", admin.token[:-4] + "AAAA"):
        answer = await admin.ask(request, ROUTES[route], token=token)
        assert (answer.status_code, answer.json()["code"]) == (401, "invalid_token")
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    known = await admin.ask(request, ROUTES[route], token=seen)
    assert (known.status_code, known.json()["code"], known.json()["scope"]) == (403, "insufficient_scope", "auth:admin")
    assert 'scope="auth:admin"' in known.headers["www-authenticate"]
    assert await changed(admin) == before


async def test_who_was_an_administrator_is_none_as_soon_as_that_is_heard(admin: Admin) -> None:
    other = await admin.registered(["auth:admin"], ["auth"])
    token = await admin.token_of(other)
    assert (await admin.ask("GET ", token=token)).status_code == 200
    assert (await admin.ask(f"PATCH /{other.client.id}", {"disabled": True})).status_code == 200
    await admin.heard()
    assert (await admin.ask("GET ", token=token)).status_code == 401


async def test_a_client_is_made_changed_given_another_secret_and_a_key_and_deleted(admin: Admin) -> None:
    made = await admin.made(scopes=["orders:read", "orders:write"])
    id_, first = made["client"]["id"], made["client_secret"]
    token = (await admin.sign_in(id_, first)).raise_for_status().json()
    assert (token["scope"], made["client"]["kind"]) == ("orders:read orders:write", "customer")
    renamed = (await admin.ask(f"PATCH /{id_}", {"name": "Shop & Söhne"})).json()
    assert renamed == made["client"] | {"name": "Shop & Söhne"}
    wider = {"scopes": ["orders:read", "shipments:read"], "audiences": ["delivery", "sales"]}
    assert {**renamed, **wider} == (await admin.ask(f"PATCH /{id_}", wider)).json()
    assert (await admin.sign_in(id_, first)).json()["scope"] == "shipments:read"
    second = (await admin.ask(f"POST /{id_}/secrets")).json()
    for secret in (first, second["client_secret"]):
        assert (await admin.sign_in(id_, secret)).status_code == 200
    (old,) = [one["id"] for one in (await admin.shown(id_))["secrets"] if one["id"] != second["id"]]
    for _ in range(2):
        assert (await admin.ask(f"DELETE /{id_}/secrets/{old}")).status_code == 204
    assert (await admin.sign_in(id_, first)).status_code == 401
    assert (await admin.sign_in(id_, second["client_secret"])).status_code == 200
    assert [one["id"] for one in (await admin.shown(id_))["secrets"]] == [second["id"]]
    assert (await admin.ask(f"DELETE /{id_}")).status_code == 204
    assert (await admin.ask(f"DELETE /{id_}")).status_code == 404
    assert (await admin.sign_in(id_, second["client_secret"])).status_code == 401


async def test_what_a_client_may_no_longer_do_its_tokens_may_not_either(admin: Admin) -> None:
    made = await admin.made()
    id_ = made["client"]["id"]
    verifier = admin.container.verifier()

    async def good(token: str) -> bool:
        await admin.heard()
        try:
            verifier.verify(token, "sales")
        except Exception as error:  # noqa: BLE001  whichever refusal
            assert "revoked" in str(error)  # noqa: PT017
            return False
        return True

    for change in ({"scopes": ["orders:read"]}, {"disabled": True}):
        token = (await admin.sign_in(id_, made["client_secret"])).json()["access_token"]
        assert await good(token)
        assert (await admin.ask(f"PATCH /{id_}", {"name": "still the same"})).status_code == 200
        assert await good(token)
        assert (await admin.ask(f"PATCH /{id_}", change)).status_code == 200
        assert not await good(token)
    assert (await admin.sign_in(id_, made["client_secret"])).status_code == 401
    opened = (await admin.ask(f"PATCH /{id_}", {"disabled": False})).json()
    assert opened["disabled_at"] is None
    assert (await admin.sign_in(id_, made["client_secret"])).status_code == 200


async def test_an_empty_change_and_one_to_what_is_changes_nothing_and_is_not_noted(admin: Admin) -> None:
    made = (await admin.made())["client"]
    before = await changed(admin)
    for change in ({}, {"name": made["name"]}, {"disabled": False}, {"scopes": made["scopes"]}, dict(SHOP)):
        answer = await admin.ask(f"PATCH /{made['id']}", change)
        assert (answer.status_code, answer.json()) == (200, made)
    assert await changed(admin) == before


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"colour": "red"}, "/colour"),
        ({"kind": "service"}, "/kind"),
        ({"id": NOBODY}, "/id"),
        ({"client_secret": "wbs_" + "x" * 43}, "/client_secret"),
        ({"name": None}, ""),
        ({"name": "Other", "disabled": None}, ""),
        ({"scopes": None}, ""),
        ({"name": ""}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"name": "x" * 1001}, "/name"),
        ({"name": "a\0b"}, "/name"),
        ({"name": 7}, "/name"),
        ({"disabled": "yes"}, "/disabled"),
        ({"disabled": 1}, "/disabled"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": "orders:read"}, "/scopes"),
        ({"scopes": ["orders:read", 1]}, "/scopes/1"),
        ({"scopes": ["x"] * 101}, "/scopes"),
        ({"scopes": ["orders:read", "nonsense"]}, "/scopes/1"),
        ({"scopes": ["orders:read", "internal:call"]}, "/scopes/1"),
        ({"scopes": ["stock:write"]}, "/audiences/0"),
        ({"audiences": []}, "/audiences"),
        ({"audiences": ["moon"]}, "/audiences/0"),
        ({"audiences": ["urn:waybill:sales"]}, "/audiences/0"),
        ([], ""),
        ("name", ""),
        (7, ""),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_change_that_makes_no_sense_is_422_and_says_where(admin: Admin, change: Any, pointer: str) -> None:
    made = (await admin.made())["client"]
    before = await changed(admin)
    answer = await admin.ask(f"PATCH /{made['id']}", change)
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await changed(admin) == before


@pytest.mark.parametrize("left_out", SHOP)
async def test_a_client_to_be_says_all_that_it_is_and_nothing_else(admin: Admin, left_out: str) -> None:
    before = await changed(admin)
    less = {name: value for name, value in SHOP.items() if name != left_out}
    for body, pointer in (
        (less, f"/{left_out}"),
        ({**SHOP, left_out: None}, f"/{left_out}"),
        ({**SHOP, "kind": "service"}, "/kind"),
        ({**SHOP, "client_secret": "mine"}, "/client_secret"),
        ({**SHOP, "scopes": ["orders:read", "internal:call"]}, "/scopes/1"),
    ):
        answer = await admin.ask("POST ", body)
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert await changed(admin) == before


@pytest.mark.parametrize("route", [route for route, body in ROUTES.items() if body is not None])
async def test_a_body_that_is_none_is_named(admin: Admin, route: str) -> None:
    made = (await admin.made())["client"]
    request = route.format(id=made["id"])
    before = await changed(admin)
    as_json = {"content-type": "application/json"}
    for content, headers, status in (
        (b"{}", {}, 415),
        (b"{}", {"content-type": "text/plain"}, 415),
        (b"name=x", {"content-type": "application/x-www-form-urlencoded"}, 415),
        (b"", as_json, 400),
        (b"{", as_json, 400),
        (b'{"name": "\xff"}', as_json, 400),
        (b'{"name": "a", "name": ', as_json, 400),
        (b"[" * 100_000, as_json, 400),
        (b'{"name": "' + b"x" * 2**20 + b'"}', as_json, 413),
    ):
        answer = await admin.ask(request, content=content, headers=headers)
        assert answer.status_code == status, (content[:20], answer.text)
    assert await changed(admin) == before


# pages


async def test_pages_lead_to_the_end_and_hold_each_client_once(admin: Admin) -> None:
    made = [(await admin.made(name=f"Shop {number}"))["client"]["id"] for number in range(5)]
    seen: list[str] = []
    path = "?limit=2"
    while path:
        answer = (await admin.ask(f"GET {path}")).raise_for_status()
        seen += [one["id"] for one in answer.json()["items"]]
        link, cursor = answer.headers.get("link"), answer.json()["next"]
        assert (link is None) == (cursor is None)
        path = ""
        if cursor is not None:
            path = f"?limit=2&cursor={cursor}"
            assert link == f'</auth/clients{path}>; rel="next"'
    assert len(set(seen)) == len(seen)
    assert seen[-5:] == made


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("limit=0", "/limit"),
        ("limit=201", "/limit"),
        ("limit=x", "/limit"),
        ("cursor=nonsense", "/cursor"),
        ("cursor=%20" + NOBODY[1:], "/cursor"),
        ("cursor=" + "a" * 65, "/cursor"),
    ],
)
async def test_a_place_or_a_number_that_is_none_is_422(admin: Admin, query: str, pointer: str) -> None:
    answer = await admin.ask(f"GET ?{query}")
    assert answer.status_code == 422, answer.text
    assert answer.json()["errors"][0]["pointer"] == pointer


# what is not there, and what is not to be changed


@pytest.mark.parametrize("id_", [*NO_ID, NOBODY], ids=lambda id_: id_[:20])
@pytest.mark.parametrize("route", [route for route in ROUTES if "{id}" in route])
async def test_the_id_of_nothing_is_404(admin: Admin, route: str, id_: str) -> None:
    shop = (await admin.made())["client"]["id"]
    before = await changed(admin)
    assert (await admin.ask(route.format(id=id_), ROUTES[route])).status_code == 404
    if route.count("{id}") == 2:
        answer = await admin.ask(route.replace("{id}", shop, 1).format(id=id_))
        assert (answer.status_code, answer.json()["code"].partition("_")[2]) == (404, "not_found")
    assert await changed(admin) == before


@pytest.mark.parametrize("odd", ["upper", "braces", "urn", "space", "digits", "no dashes"])
@pytest.mark.parametrize("route", [route for route in ROUTES if "{id}" in route])
async def test_an_id_has_one_spelling(admin: Admin, route: str, odd: str) -> None:
    shop = (await admin.made())["client"]["id"]
    spelt = {
        "upper": shop.upper(),
        "braces": f"{{{shop}}}",
        "urn": f"urn:uuid:{shop}",
        "space": "%20" + shop[1:],
        "digits": "%D9%A0" + shop[1:],  # a nought in Arabic
        "no dashes": shop.replace("-", ""),
    }[odd]
    before = await changed(admin)
    assert (await admin.ask(route.format(id=spelt), ROUTES[route])).status_code == 404
    assert await changed(admin) == before


async def test_a_secret_or_key_of_another_client_is_none_of_this_one(admin: Admin) -> None:
    mine, theirs = (await admin.made())["client"]["id"], (await admin.made())["client"]["id"]
    secret = (await admin.shown(theirs))["secrets"][0]["id"]
    (key,) = (await admin.ask(f"POST /{theirs}/keys", {"public_key": public(KEYS["ES256"])})).json()
    assert (await admin.ask(f"DELETE /{mine}/secrets/{secret}")).status_code == 404
    assert (await admin.ask(f"DELETE /{mine}/keys/{key['id']}")).status_code == 404
    shown = await admin.shown(theirs)
    assert (len(shown["secrets"]), len(shown["keys"])) == (1, 1)


async def test_who_did_what_is_noted_under_the_administrators_name(admin: Admin) -> None:
    id_ = (await admin.made())["client"]["id"]
    await admin.ask(f"PATCH /{id_}", {"name": "Other", "disabled": True})
    second = (await admin.ask(f"POST /{id_}/secrets")).json()["id"]
    await admin.ask(f"DELETE /{id_}/secrets/{second}")
    (key,) = (await admin.ask(f"POST /{id_}/keys", {"public_key": public(KEYS["ES256"])})).json()
    await admin.ask(f"DELETE /{id_}/keys/{key['id']}")
    await admin.ask(f"DELETE /{id_}")
    async with admin.container.auth_database().reading() as reading:
        noted = sql("SELECT action, actor FROM audit WHERE client_id = CAST(:id AS uuid) ORDER BY id")
        rows = await reading.fetch(noted, id=id_)
    assert [row.action for row in rows] == [
        *("create", "update", "disable", "rotate_secret", "retire_secret", "add_key", "retire_key", "delete")
    ]
    (actor,) = {row.actor for row in rows}
    assert actor == (await admin.ask("GET ?limit=1")).json()["items"][0]["id"]
