"""Clients from npm, and an Express service that takes our tokens: the programs of `npm/`, run by Node."""

import json
import re
import subprocess

import pytest

from tests.foreign.node import LOCK, NODE, PROJECT
from tests.foreign.place import ORDER, Place
from tests.system.running import ENVIRONMENT

METHODS = ("client_secret_basic", "client_secret_post")
CLIENTS = ("oauth4webapi", "openid-client", "simple-oauth2")
REGISTRY = "https://registry.npmjs.org/"


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("client", CLIENTS)
def test_from_npm_orders_renews_and_gives_back(client: str, method: str, place: Place) -> None:
    _done(client, place, method)


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


def _done(program: str, place: Place, method: str) -> None:
    """Run a program; what it says is shown if it fails, or ends before it is done."""
    credentials = place.client("orders:read", "orders:write", "shipments:read", audiences=("sales", "delivery"))
    about = {
        "issuer": place.issuer,
        "orders": place.orders,
        "clientId": credentials.client_id,
        "clientSecret": credentials.client_secret,
        "method": method,
        "order": ORDER,
    }
    done = subprocess.run(
        [NODE, f"{program}.mjs"],
        cwd=PROJECT,
        env=ENVIRONMENT,
        input=json.dumps(about),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stdout + done.stderr
