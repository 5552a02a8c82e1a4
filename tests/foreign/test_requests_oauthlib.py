"""requests-oauthlib, and oauthlib under it.

By design it discovers nothing and knows no introspection; what is to be sent to revoke a token it only prepares. It
talks plain HTTP only where `OAUTHLIB_INSECURE_TRANSPORT` allows it.
"""

import time
from typing import Any

import pytest
from oauthlib.oauth2 import (  # type: ignore[import-untyped]
    BackendApplicationClient,
    InvalidClientError,
    InvalidGrantError,
)
from requests.auth import HTTPBasicAuth
from requests_oauthlib import OAuth2Session  # type: ignore[import-untyped]

from tests.foreign.place import ORDER, TIMEOUT_S, Place, listed, placed, refused


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


def test_requests_oauthlib_with_basic_orders_renews_and_gives_back(place: Place) -> None:
    credentials, token_url, kept = place.client(), f"{place.issuer}/auth/token", list[Any]()
    client = BackendApplicationClient(credentials.client_id, scope=["orders:read", "orders:write"])
    session = OAuth2Session(client=client, auto_refresh_url=token_url, token_updater=kept.append)
    basic = HTTPBasicAuth(credentials.client_id, credentials.client_secret)
    first = session.fetch_token(token_url, auth=basic, timeout=TIMEOUT_S)
    order = placed(session.post(place.orders, json=ORDER, timeout=TIMEOUT_S))
    session.token = _expired(first)
    by = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    listed(session.get(place.orders, timeout=TIMEOUT_S, **by), order)
    (renewed,) = kept  # by itself, with Basic
    assert renewed["refresh_token"] != first["refresh_token"]
    token = session.refresh_token(token_url, auth=basic, timeout=TIMEOUT_S)["access_token"]
    url, headers, body = client.prepare_token_revocation_request(f"{place.issuer}/auth/revoke", token)
    gone = session.post(url, data=body, headers=headers, auth=basic, withhold_token=True, timeout=TIMEOUT_S)
    assert gone.status_code == 200
    refused(lambda: session.get(place.orders, timeout=TIMEOUT_S))
    with pytest.raises(InvalidGrantError):
        session.refresh_token(token_url, auth=basic, timeout=TIMEOUT_S)


def test_requests_oauthlib_with_post_orders_renews_and_gives_back(place: Place) -> None:
    credentials, token_url, kept = place.client(), f"{place.issuer}/auth/token", list[Any]()
    secret = {"client_id": credentials.client_id, "client_secret": credentials.client_secret}
    client = BackendApplicationClient(credentials.client_id, scope=["orders:read", "orders:write"])
    session = OAuth2Session(
        client=client, auto_refresh_url=token_url, auto_refresh_kwargs=secret, token_updater=kept.append
    )
    first = session.fetch_token(
        token_url, include_client_id=True, client_secret=credentials.client_secret, timeout=TIMEOUT_S
    )
    session.token = _expired(first)
    order = placed(session.post(place.orders, json=ORDER, timeout=TIMEOUT_S))
    (renewed,) = kept  # by itself, with its secret in the form
    assert renewed["refresh_token"] != first["refresh_token"]
    listed(session.get(place.orders, timeout=TIMEOUT_S), order)
    token = session.refresh_token(token_url, timeout=TIMEOUT_S)["access_token"]
    url, headers, body = client.prepare_token_revocation_request(f"{place.issuer}/auth/revoke", token, **secret)
    gone = session.post(url, data=body, headers=headers, withhold_token=True, timeout=TIMEOUT_S)
    assert gone.status_code == 200
    refused(lambda: session.get(place.orders, timeout=TIMEOUT_S))
    with pytest.raises(InvalidGrantError):
        session.refresh_token(token_url, timeout=TIMEOUT_S)


def test_requests_oauthlib_knows_our_refusals(place: Place) -> None:
    session = OAuth2Session(client=BackendApplicationClient(place.client().client_id))
    with pytest.raises(InvalidClientError):
        session.fetch_token(f"{place.issuer}/auth/token", client_secret="wrong", timeout=TIMEOUT_S)


def _expired(token: dict[str, Any]) -> dict[str, Any]:
    return {**token, "expires_in": -30, "expires_at": time.time() - 30}
