"""Clients, looked after over HTTP with an `Idempotency-Key`: what is asked again is done once."""

import asyncio
from typing import Any

import pytest

from modules.kernel.ids import new_id
from tests.integration.admin_world import SHOP, Admin, admin, changed
from tests.integration.signing import KEYS, public

__all__ = ["admin"]

KEY = {"public_key": public(KEYS["ES256"])}
OTHER_KEY = {"public_key": public(KEYS["EdDSA"])}


def keyed() -> dict[str, str]:
    """A key of one's own: all tests are one client."""
    return {"Idempotency-Key": str(new_id())}


async def target(admin: Admin, request: str) -> str:
    """A request on a client that has two secrets and a key, one of each that may go."""
    client = (await admin.made())["client"]["id"]
    if request.startswith("POST /{id}/keys"):
        return request.format(id=client)
    await admin.ask(f"POST /{client}/secrets")
    await admin.ask(f"POST /{client}/keys", OTHER_KEY)
    shown = await admin.shown(client)
    return request.format(id=client, secret=shown["secrets"][0]["id"], key=shown["keys"][0]["id"])


CHANGES: dict[str, tuple[Any, int]] = {
    "PATCH /{id}": ({"name": "Other"}, 200),
    "DELETE /{id}": (None, 204),
    "DELETE /{id}/secrets/{secret}": (None, 204),
    "POST /{id}/keys": (KEY, 201),
    "DELETE /{id}/keys/{key}": (None, 204),
}


@pytest.mark.parametrize("template", CHANGES)
async def test_a_change_that_is_asked_for_again_is_answered_as_the_first_time(admin: Admin, template: str) -> None:
    key = keyed()
    body, status = CHANGES[template]
    request = await target(admin, template)
    first = await admin.ask(request, body, headers=key)
    after = await changed(admin)
    again = await admin.ask(request, body, headers=key)
    assert (first.status_code, again.status_code, again.content) == (status, status, first.content)
    assert (first.headers.get("idempotent-replayed"), again.headers["idempotent-replayed"]) == (None, "true")
    assert await changed(admin) == after


@pytest.mark.parametrize("template", CHANGES)
async def test_the_key_of_one_change_is_not_another_s(admin: Admin, template: str) -> None:
    key = keyed()
    body, status = CHANGES[template]
    request = await target(admin, template)
    assert (await admin.ask("POST ", SHOP, headers=key)).status_code == 201
    before = await changed(admin)
    refused = await admin.ask(request, body, headers=key)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency_key_reused")
    assert await changed(admin) == before
    assert (await admin.ask(request, body, headers=keyed())).status_code == status


async def test_a_client_is_registered_once_and_its_secret_shown_once(admin: Admin) -> None:
    key = keyed()
    made = (await admin.ask("POST ", SHOP, headers=key)).json()
    again = await admin.ask("POST ", SHOP, headers=key)
    assert (again.status_code, again.json()["code"]) == (409, "auth.secret_shown")
    assert again.json()["client_id"] == made["client"]["id"]
    assert [again.json()["secret_id"]] == [one["id"] for one in (await admin.shown(made["client"]["id"]))["secrets"]]
    assert made["client_secret"] not in again.text
    other = await admin.ask("POST ", {**SHOP, "name": "Other"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert (await admin.sign_in(made["client"]["id"], made["client_secret"])).status_code == 200


async def test_of_sixteen_that_register_a_client_with_one_key_at_once_one_is_shown_the_secret(admin: Admin) -> None:
    key = keyed()
    before = len((await admin.ask("GET ?limit=200")).json()["items"])
    answers = await asyncio.gather(*(admin.ask("POST ", SHOP, headers=key) for _ in range(16)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 15
    assert len((await admin.ask("GET ?limit=200")).json()["items"]) == before + 1


async def test_a_second_secret_is_made_once_and_shown_once(admin: Admin) -> None:
    key = keyed()
    client = (await admin.made())["client"]["id"]
    request = f"POST /{client}/secrets"
    made = (await admin.ask(request, headers=key)).json()
    again = await admin.ask(request, headers=key)
    assert (again.status_code, again.json()["code"]) == (409, "auth.secret_shown")
    assert (again.json()["client_id"], again.json()["secret_id"]) == (client, made["id"])
    assert len((await admin.shown(client))["secrets"]) == 2


async def test_a_refusal_is_not_remembered(admin: Admin) -> None:
    key = keyed()
    assert (await admin.ask("POST ", {**SHOP, "scopes": ["none"]}, headers=key)).status_code == 422
    assert (await admin.ask("POST ", SHOP, headers=key)).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "a\tb"])
async def test_a_key_that_is_none_is_refused(admin: Admin, key: str) -> None:
    refused = await admin.ask("POST ", SHOP, headers={"Idempotency-Key": key})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/Idempotency-Key")
