"""What carriers push over HTTP: signed, each message once, and nothing of a secret told."""

import time
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from loguru import logger

from app.carriers import signers
from app.settings import load_settings
from modules.delivery import api
from modules.kernel.ids import new_id
from tests.contract.served import hosting
from tests.integration.events.parcels import placed
from tests.integration.events.whole import Whole
from tests.integration.events.whole_fixture import whole, whole_databases
from tests.integration.http_world import MONOLITH, SECRETS
from tests.support.carrier import GIVEN, NEXT_SECRET, SECRET, UPDATES, said, signed

__all__ = ["whole", "whole_databases"]

NOW = datetime.now(UTC).isoformat()
DATABASES = {
    f"WAYBILL_DATABASES__{name}": f"postgresql://x@nowhere/{name}" for name in ("AUTH", "SALES", "DELIVERY", "PRODUCT")
}


@pytest.fixture
async def http(whole: Whole) -> AsyncIterator[httpx.AsyncClient]:
    settings = load_settings(MONOLITH, SECRETS | DATABASES | GIVEN)
    routes = api.carrier_routes(whole.container.hearing(), signers(settings.carrier_secrets), whole.container.clock())
    transport = httpx.ASGITransport(hosting(routes))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


@pytest.fixture
def lines() -> Iterator[list[str]]:
    """Everything that is logged."""
    written: list[str] = []
    sink = logger.add(lambda line: written.append(str(line)), level="TRACE", format="{message} {extra}\n{exception}")
    yield written
    logger.remove(sink)


async def push(
    http: httpx.AsyncClient, update: Mapping[str, Any], message_id: str = "m1", path: str = UPDATES, **how: Any
) -> httpx.Response:
    body = said(update)
    return await http.post(path, content=body, headers=signed(message_id, body, **how))


async def parcel(whole: Whole) -> str:
    return str(await whole.shipment(await placed(whole, "packed")))


async def test_a_signed_update_is_heard_once_and_says_what_it_came_to(whole: Whole, http: httpx.AsyncClient) -> None:
    update = {"shipment_id": await parcel(whole), "status": "dispatched", "at": NOW, "tracking_code": "G-1"}
    first = await push(http, update)
    answer = {"message_id": "m1", "shipment_id": update["shipment_id"], "outcome": "applied", "status": "dispatched"}
    assert (first.status_code, first.json()) == (200, answer), first.text
    again = await push(http, update)
    assert (again.json(), again.headers["Idempotent-Replayed"]) == (answer, "true")
    later = await push(http, {"tracking_code": "G-1", "status": "delivered", "at": NOW}, "m2")
    assert (later.json()["outcome"], later.json()["status"]) == ("waiting", "dispatched")
    other = await push(http, update | {"note": "x"})
    assert (other.status_code, other.json()["code"]) == (422, "delivery.message_id_reused")


async def test_either_secret_is_good_and_its_version_is_written_down(whole: Whole, http: httpx.AsyncClient) -> None:
    update = {"shipment_id": await parcel(whole), "status": "dispatched", "at": NOW}
    assert (await push(http, update, "old")).status_code == 200
    assert (await push(http, update | {"status": "in_transit"}, "new", secret=NEXT_SECRET)).status_code == 200
    rows = await whole.rows("delivery", "SELECT message_id, secret_version FROM carrier_update")
    assert {row.message_id: row.secret_version for row in rows} == {"old": 1, "new": 2}


BAD: Mapping[str, Mapping[str, Any]] = {
    "no secret of ours": {"secret": "AAAA" * 8},
    "six minutes old": {"at_s": -360},
    "six minutes ahead": {"at_s": 360},
}


@pytest.mark.parametrize("what", BAD)
async def test_what_is_not_signed_by_the_carrier_just_now_is_refused(
    what: str, whole: Whole, http: httpx.AsyncClient, lines: list[str]
) -> None:
    update = {"shipment_id": await parcel(whole), "status": "dispatched", "at": NOW}
    how = {name: int(time.time()) + value if name == "at_s" else value for name, value in BAD[what].items()}
    answer = await push(http, update, **how)
    assert (answer.status_code, answer.json()["code"]) == (401, "delivery.bad_signature")
    challenge = answer.headers["WWW-Authenticate"]
    assert challenge.startswith("StandardWebhooks "), "whoever pushes is asked for a token that would not help"
    assert all(f"webhook-{name}" in challenge for name in ("id", "timestamp", "signature"))
    assert await whole.rows("delivery", "SELECT FROM carrier_update") == []
    assert lines
    told = "".join(lines) + answer.text
    assert not [secret for secret in (SECRET, NEXT_SECRET, "whsec_") if secret in told]


async def test_without_its_headers_a_body_is_not_even_read(http: httpx.AsyncClient) -> None:
    for headers in ({}, {"webhook-id": "m1"}, {"webhook-signature": "v1,x", "webhook-id": "m1"}):
        answer = await http.post(UPDATES, content=b"{", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "delivery.bad_signature")


async def test_a_carrier_that_has_no_secret_here_is_not_found(http: httpx.AsyncClient) -> None:
    for name in ("dhl", "GLS", "x" * 5000):
        answer = await push(http, {}, path=f"/api/v1/carriers/{name}/updates")
        assert (answer.status_code, answer.json()["code"]) == (404, "delivery.carrier_not_found")


WRONG: Mapping[str, tuple[dict[str, Any], int, str, str | None]] = {
    "no status": ({"status": None}, 422, "invalid", "/status"),
    "a status that nobody reports": ({"status": "cancelled"}, 422, "invalid", "/status"),
    "no instant": ({"at": None}, 422, "invalid", "/at"),
    "an instant without a zone": ({"at": "2026-01-01T00:00:00"}, 422, "invalid", "/at"),
    "an instant of long ago": ({"at": "2020-01-01T00:00:00Z"}, 422, "invalid", "/at"),
    "an instant to come": ({"at": "2999-01-01T00:00:00Z"}, 422, "invalid", "/at"),
    "no parcel": ({"shipment_id": None}, 422, "invalid", "/shipment_id"),
    "a parcel that is no id": ({"shipment_id": "7"}, 422, "invalid", "/shipment_id"),
    "a parcel that there is not": ({"shipment_id": str(new_id())}, 404, "delivery.shipment_not_found", None),
    "a tracking code that there is not": (
        {"shipment_id": None, "tracking_code": "none"},
        404,
        "delivery.shipment_not_found",
        None,
    ),
    "a word of restocking": ({"restock": True}, 422, "delivery.nothing_to_restock", "/restock"),
    "an unknown member": ({"color": "red"}, 422, "invalid", "/color"),
}


@pytest.mark.parametrize("what", WRONG)
async def test_what_makes_no_sense_is_refused_though_it_is_signed(
    what: str, whole: Whole, http: httpx.AsyncClient
) -> None:
    change, status, code, pointer = WRONG[what]
    update = {"shipment_id": await parcel(whole), "status": "dispatched", "at": NOW} | change
    answer = await push(http, {name: value for name, value in update.items() if value is not None})
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert pointer is None or [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]
    assert await whole.rows("delivery", "SELECT FROM carrier_update") == []


async def test_a_body_that_is_no_json_is_refused_though_it_is_signed(http: httpx.AsyncClient) -> None:
    assert (await http.post(UPDATES, content=b"{", headers=signed("m1", b"{"))).status_code == 400
    headers = signed("m1", b"{}") | {"Content-Type": "text/plain"}
    assert (await http.post(UPDATES, content=b"{}", headers=headers)).status_code == 415
