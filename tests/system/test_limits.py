"""Auth's limits on the whole system, in one process and in four: who is refused, who is not, and what is written down."""

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.processes import until
from tests.system.partitions import MODULES
from tests.system.ports import free_port, some_ports, words
from tests.system.running import Running, started

ROOM = 60
LIMITS = {"WAYBILL_LIMITS__ADDRESS": f"{ROOM}/hour", "WAYBILL_LIMITS__FAILURES": "2"}
HERE = "127.0.0.1"
ELSEWHERE, STRANGE, BUSY = "127.0.0.2", "127.0.0.3", "127.0.0.4"  # a caller on this machine has them all
SPLIT = ",".join(MODULES)
ASKED = {"grant_type": "client_credentials"}


@pytest.fixture(scope="module")
def one_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with started(tmp_path_factory.mktemp("one") / "data", free_port(), **LIMITS) as running:
        yield running


@pytest.fixture(scope="module")
def four(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    split = ("--split", SPLIT, "--ports", words(some_ports(SPLIT)))
    with started(tmp_path_factory.mktemp("four") / "data", free_port(), *split, **LIMITS) as running:
        yield running


@pytest.fixture(params=["one_process", "four"])
def limited(request: pytest.FixtureRequest) -> Running:
    """Each test asks from an address of its own."""
    running: Running = request.getfixturevalue(request.param)
    return running


@contextmanager
def caller(running: Running, address: str) -> Iterator[httpx.Client]:
    """Somebody at an address of this machine's, who asks auth."""
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(transport=transport, base_url=running.run.url("auth"), timeout=20) as http:
        yield http


def client(running: Running) -> Mapping[str, Any]:
    """A new client with its credentials."""
    created: Mapping[str, Any] = running.ask(
        "client", "create", "shop", "--scope", "orders:read", "--audience", "sales"
    )
    return created


def refusals(running: Running) -> float:
    """How often auth has refused an address until now."""
    told = httpx.get(f"{running.run.url('auth')}/metrics").text.splitlines()
    return sum(float(line.split()[-1]) for line in told if line.startswith('waybill_auth_limited_total{by="address"}'))


def signs_in(http: httpx.Client, shop: Mapping[str, Any], secret: str | None = None) -> httpx.Response:
    return http.post("/auth/token", data=ASKED, auth=(shop["client_id"], secret or shop["client_secret"]))


def test_an_address_is_refused_beyond_its_rate_whatever_it_says_and_no_other_is(limited: Running) -> None:
    shop = client(limited)
    before = refusals(limited)
    with caller(limited, ELSEWHERE) as http:
        statuses = [
            http.post("/auth/token", headers={"X-Forwarded-For": f"192.0.2.{number}"}).status_code
            for number in range(ROOM + 10)
        ]
        assert statuses == [415] * ROOM + [429] * 10
        refused = signs_in(http, shop)
        assert (refused.status_code, refused.headers["content-type"]) == (429, "application/problem+json")
        assert 3000 < int(refused.headers["retry-after"]) <= 3600
    with caller(limited, HERE) as http:
        assert signs_in(http, shop).status_code == 200
    assert refusals(limited) - before == 11
    said = {line["message"] for line in limited.log() if line["message"].startswith("limited by address")}
    # once a minute, and of whoever is refused first: another test may have been
    assert said
    assert said <= {
        f"limited by address: requests from {one} are refused, and perhaps others" for one in (ELSEWHERE, BUSY)
    }


def test_a_stranger_shuts_a_client_out_at_its_own_address_only(limited: Running) -> None:
    shop = client(limited)
    with caller(limited, STRANGE) as stranger, caller(limited, HERE) as owner:
        assert [signs_in(stranger, shop, "a guess").status_code for _ in range(3)] == [401] * 3
        refused = signs_in(stranger, shop)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
        assert signs_in(owner, shop).status_code == 200
        time.sleep(int(refused.headers["retry-after"]))
        assert signs_in(stranger, shop).status_code == 200
    assert shop["client_secret"] not in limited.log_text()
    assert "a guess" not in limited.log_text()


def test_what_is_counted_in_redis_outlives_the_process_of_auth(four: Running) -> None:
    with caller(four, BUSY) as http:
        while http.post("/auth/token").status_code == 415:
            pass
    before = four.pid("auth")
    os.kill(before, signal.SIGKILL)
    until(lambda: four.pid("auth") != before and four.is_ready(), 40)
    with caller(four, BUSY) as http:
        assert http.post("/auth/token").status_code == 429
    with caller(four, HERE) as http:
        assert http.post("/auth/token").status_code == 415
    assert "counted by each process alone" not in four.log_text()


def test_a_proxy_that_is_trusted_says_for_whom_it_asks(tmp_path: Path) -> None:
    trusting = LIMITS | {"WAYBILL_SERVER__TRUSTED_PROXIES": f"{ELSEWHERE},10.0.0.0/8"}

    def ask(http: httpx.Client, customer: str) -> int:
        return http.post("/auth/token", headers={"X-Forwarded-For": customer}).status_code

    with started(tmp_path / "data", free_port(), **trusting) as running, caller(running, ELSEWHERE) as proxy:
        # What a customer claims stands before what proxies added.
        assert [ask(proxy, f"192.0.2.{number}, 192.0.2.1, 10.1.2.3") for number in range(ROOM)] == [415] * ROOM
        assert ask(proxy, "192.0.2.1") == 429
        assert ask(proxy, "192.0.2.2") == 415
        with caller(running, HERE) as stranger:
            assert ask(stranger, "192.0.2.1") == 415
