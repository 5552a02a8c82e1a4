"""Clients from npm, and an Express service that takes our tokens: the programs of `npm/`, run by Node."""

import json
import re
from collections.abc import Mapping

import pytest
from joserfc.jwk import ECKey, OKPKey

from tests.foreign.node import LOCK, PROJECT, run
from tests.foreign.place import ORDER, Place, PrivateKey

CLIENTS = ("oauth4webapi", "openid-client", "simple-oauth2")
SECRETS = ("client_secret_basic", "client_secret_post")
KEYS: Mapping[str, PrivateKey] = {  # simple-oauth2 knows of secrets only
    "oauth4webapi": OKPKey.generate_key("Ed25519"),
    "openid-client": ECKey.generate_key("P-256"),
}
REGISTRY = "https://registry.npmjs.org/"


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("method", SECRETS)
@pytest.mark.parametrize("client", CLIENTS)
def test_from_npm_orders_renews_and_gives_back(client: str, method: str, place: Place) -> None:
    _done(client, place, method)


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("client", KEYS)
def test_from_npm_does_the_same_with_a_key(client: str, place: Place) -> None:
    _done(client, place, "private_key_jwt", KEYS[client])


@pytest.mark.usefixtures("packages")
def test_an_express_service_takes_good_tokens_and_no_bad_ones(place: Place) -> None:
    _done("passport-jwt", place, "client_secret_basic")


def test_the_lock_names_what_a_package_holds_and_no_registry_but_the_public_one() -> None:
    packages = json.loads(LOCK.read_text())["packages"]
    for name, package in packages.items():
        assert not name or package["integrity"].startswith("sha512-"), name
        assert package.get("resolved", REGISTRY).startswith(REGISTRY), name
        assert not package.get("hasInstallScript"), name


def test_what_is_installed_is_pinned() -> None:
    wanted = json.loads((PROJECT / "package.json").read_text())["dependencies"]
    assert {name: version for name, version in wanted.items() if not re.fullmatch(r"\d+\.\d+\.\d+", version)} == {}
    assert {*CLIENTS, "passport-jwt", "jwks-rsa", "express"} <= set(wanted)


def _done(program: str, place: Place, method: str, key: PrivateKey | None = None) -> None:
    credentials = place.client("orders:read", "orders:write", "shipments:read", audiences=("sales", "delivery"))
    if key is not None:
        place.trust(credentials, key)
    told = {
        "issuer": place.issuer,
        "orders": place.orders,
        "clientId": credentials.client_id,
        "clientSecret": credentials.client_secret,
        "privateKey": key and key.as_dict(private=True),
        "method": method,
        "order": ORDER,
    }
    assert run(f"{program}.mjs", told=told) == "done\n"
