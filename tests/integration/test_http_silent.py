"""Auth has been silent for too long: what reads goes on, what changes anything waits until it is heard again."""

from collections.abc import AsyncIterator

import httpx
import pytest
from authlib.oauth2.rfc7523.assertion import private_key_jwt_sign  # type: ignore[import-untyped]
from joserfc.jwk import ECKey

from app.service_key import new_service_key
from app.verifier import LocalVerifier
from modules.auth.model.assertion import ASSERTION_TYPE
from modules.kernel.ids import service_id
from tests.integration.http_world import ORDER, Api, Server, container_on, databases_of, opened

LONG = 301.0


@pytest.fixture(scope="module")
async def api(postgres: Server) -> AsyncIterator[Api]:
    dsns = databases_of(postgres)
    api = await opened(container_on(dsns))
    yield api
    await api.close()
    for dsn in dsns.values():
        postgres.drop(dsn)


@pytest.fixture
async def silent(api: Api) -> AsyncIterator[LocalVerifier]:
    """A verifier that heard of auth five minutes ago, and a second."""
    verifier: LocalVerifier = api.container.verifier()
    await verifier.learn(api.container.auth_port())
    verifier._heard_at -= LONG
    yield verifier
    await verifier.learn(api.container.auth_port())


def waits(answer: httpx.Response) -> bool:
    """Whether nothing was changed, and it may be asked again."""
    return (answer.status_code, answer.headers.get("Retry-After")) == (503, "1") and answer.json()["retryable"]


async def test_what_reads_goes_on_and_what_changes_waits(api: Api, silent: LocalVerifier) -> None:
    placed = await api.ask("POST", "/api/v1/orders", json=ORDER)
    assert waits(placed), placed.text
    assert "revoked has not been heard of" in placed.json()["detail"]
    assert (await api.ask("GET", "/api/v1/orders")).json()["items"] == []
    await silent.learn(api.container.auth_port())
    assert (await api.ask("POST", "/api/v1/orders", json=ORDER)).status_code == 201


async def test_a_bad_token_is_bad_all_the_same(api: Api, silent: LocalVerifier) -> None:
    assert silent.silent_for_s > LONG - 1
    answer = await api.http.get("/api/v1/orders", headers={"Authorization": "Bearer none"})
    assert answer.status_code == 401


async def test_tokens_are_still_to_be_had(api: Api, silent: LocalVerifier) -> None:
    """Auth itself goes by its own database, not by what it heard."""
    assert silent.ready
    answer = await api.http.post("/auth/token", data={"grant_type": "client_credentials"}, auth=("nobody", "x"))
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_services_ask_each_other_but_have_nothing_changed(api: Api, silent: LocalVerifier) -> None:
    token = await _of_product(api)
    asks = {"Authorization": f"Bearer {token}"}
    subject = {"source": "/waybill/delivery", "subjects": []}
    assert (await api.http.post("/internal/sales/progress", json=subject, headers=asks)).status_code == 200
    assert waits(await api.http.post("/internal/sales/settle", json={"hold_ids": []}, headers=asks))
    assert silent.silent_for_s > LONG - 1


async def _of_product(api: Api) -> str:
    """A token with which product calls sales."""
    key = new_service_key()
    await api.container.auth().admit_services({"product": key}, {"product": ("sales",)})
    issuer = api.container.settings().tokens.issuer
    assertion = private_key_jwt_sign(ECKey.import_key(key), str(service_id("product")), issuer, alg="ES256")
    form = {
        "grant_type": "client_credentials",
        "client_assertion_type": ASSERTION_TYPE,
        "client_assertion": assertion,
    }
    told = (await api.http.post("/auth/token", data=form)).raise_for_status().json()
    return str(told["access_token"])
