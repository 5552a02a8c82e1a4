"""Clients at the terminal: shown, given another secret, shut out, let in again."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.service_key import new_service_key, public_part
from modules.kernel.ids import new_id
from tests.processes import until
from tests.system.running import Running

OUT_WITHIN_S = 1.0


@pytest.fixture
def shop(system: Running) -> Mapping[str, Any]:
    """A new client with its credentials."""
    created: Mapping[str, Any] = system.ask("client", "create", "shop", "--scope", "orders:read", "--audience", "sales")
    return created


def token(system: Running, client_id: str, secret: str) -> httpx.Response:
    form = {"grant_type": "client_credentials"}
    return httpx.post(f"{system.url}/auth/token", data=form, auth=(client_id, secret), timeout=10)


def status(system: Running, bearer: str) -> int:
    headers = {"Authorization": f"Bearer {bearer}"}
    return httpx.get(f"{system.url}/api/v1/orders", headers=headers, timeout=10).status_code


def test_a_disabled_client_is_out_within_a_second_and_an_enabled_one_signs_in_anew(
    system: Running, shop: Mapping[str, Any]
) -> None:
    id_, secret = shop["client_id"], shop["client_secret"]
    bearer = token(system, id_, secret).json()["access_token"]
    assert status(system, bearer) == 200
    assert "is disabled" in system.cli("client", "disable", id_).stdout
    began = time.monotonic()
    until(lambda: status(system, bearer) == 401)
    assert time.monotonic() - began < 3 * OUT_WITHIN_S  # promised within one, on a machine that does only this
    assert token(system, id_, secret).json()["error"] == "invalid_client"
    assert system.ask("client", "enable", id_)["disabled_at"] is None
    assert status(system, bearer) == 401
    assert status(system, token(system, id_, secret).json()["access_token"]) == 200


def test_a_secret_is_rotated_without_a_moment_in_which_none_is_good(system: Running, shop: Mapping[str, Any]) -> None:
    id_, first = shop["client_id"], shop["client_secret"]
    rotated = system.ask("client", "rotate-secret", id_)
    assert [token(system, id_, secret).status_code for secret in (first, rotated["client_secret"])] == [200, 200]
    (newest, oldest) = system.ask("client", "show", id_)["secrets"]
    assert newest["id"] == rotated["secret_id"]
    assert oldest["last_used_at"] is not None
    assert [one["id"] for one in system.ask("client", "retire-secret", id_, oldest["id"])["secrets"]] == [newest["id"]]
    assert [token(system, id_, secret).status_code for secret in (first, rotated["client_secret"])] == [401, 200]
    assert "last used" in system.cli("client", "show", id_).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("show", "{nobody}"), "There is no client"),
        (("disable", "{nobody}"), "There is no client"),
        (("enable", "nonsense"), "There is no client nonsense."),
        (("rotate-secret", "{nobody}"), "There is no client"),
        (("retire-secret", "{shop}", "{nobody}"), "has no secret"),
    ],
)
def test_what_there_is_not_is_refused_in_a_sentence(
    system: Running, shop: Mapping[str, Any], words: tuple[str, ...], said: str
) -> None:
    answer = system.cli("client", *(word.format(nobody=new_id(), shop=shop["client_id"]) for word in words))
    assert (answer.returncode, answer.stderr.count("\n")) == (1, 1)
    assert said in answer.stderr


def test_the_last_secret_and_a_third_are_refused(system: Running, shop: Mapping[str, Any]) -> None:
    id_ = shop["client_id"]
    (only,) = system.ask("client", "show", id_)["secrets"]
    assert system.cli("client", "retire-secret", id_, only["id"]).returncode == 1
    system.ask("client", "rotate-secret", id_)
    third = system.cli("client", "rotate-secret", id_)
    assert (third.returncode, third.stdout) == (1, "")
    assert system.cli("client", "retire-secret", id_, "no-uuid").returncode == 2


def test_a_client_is_changed_and_forgotten(system: Running, shop: Mapping[str, Any]) -> None:
    id_, secret = shop["client_id"], shop["client_secret"]
    bearer = token(system, id_, secret).json()["access_token"]
    more = system.ask(
        "client", "update", id_, "--name", "shop two", "--scope", "orders:read", "--scope", "orders:write"
    )
    assert (more["name"], more["scopes"]) == ("shop two", ["orders:read", "orders:write"])
    assert status(system, bearer) == 200
    assert "orders:write;" in system.cli("client", "update", id_, "--scope", "orders:write").stdout
    until(lambda: status(system, bearer) == 401)
    nothing = system.cli("client", "update", id_)
    assert (nothing.returncode, nothing.stdout) == (2, "")
    assert "--name, --scope or --audience" in nothing.stderr
    assert f"{id_} is gone." in system.cli("client", "delete", id_).stdout
    assert token(system, id_, secret).json()["error"] == "invalid_client"
    again = system.cli("client", "delete", id_)
    assert again.returncode == 1
    assert "There is no client" in again.stderr


def test_a_client_gets_a_key_from_a_file_and_from_stdin(
    system: Running, shop: Mapping[str, Any], tmp_path: Path
) -> None:
    key, id_ = new_service_key(), shop["client_id"]
    (tmp_path / "shop.pem").write_text(public_part(key))
    (tmp_path / "private.pem").write_text(key)
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    (added,) = system.ask("client", "add-key", id_, tmp_path / "shop.pem")["keys"]
    assert added["algorithm"] == "ES256"
    shown = system.cli("client", "show", id_).stdout
    assert f"{added['kid'][:8]}…" in shown
    for file, code, why in (
        ("private.pem", 1, "This is a private key"),
        ("binary", 2, "can't be read as text"),
        ("none", 2, "Usage"),
    ):
        refused = system.cli("client", "add-key", id_, tmp_path / file)
        assert (refused.returncode, refused.stdout) == (code, "")
        assert why in refused.stderr
    assert system.ask("client", "retire-key", id_, added["id"])["keys"] == []


def test_signing_keys_are_listed_and_rotated(system: Running) -> None:
    before = system.ask("key", "list")
    waiting = system.ask("key", "rotate")[0]
    assert waiting["state"] == "pending"
    listed = system.ask("key", "list")
    assert [one["kid"] for one in listed] == [waiting["kid"], *(one["kid"] for one in before)]
    assert system.ask("key", "rotate")[0] == waiting
    table = system.cli("key", "list").stdout
    assert "active" in table
    assert "next step" in table


def test_what_was_done_and_who_failed_is_to_be_seen(system: Running, shop: Mapping[str, Any]) -> None:
    id_ = shop["client_id"]
    assert token(system, id_, "wbs_wrong").status_code == 401
    (failed,) = system.ask("client", "failures", id_)
    assert (failed["client_id"], failed["address"], failed["times"]) == (id_, "127.0.0.1", 1)
    assert "127.0.0.1" in system.cli("client", "failures").stdout
    (done,) = system.ask("client", "changes", id_)
    assert done["action"] == "create"
    assert "create" in system.cli("client", "changes", "--limit", "200").stdout
    refused = system.cli("client", "changes", "nonsense")
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "There is no client nonsense." in refused.stderr
