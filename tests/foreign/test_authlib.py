"""authlib's three clients. They do all of it: RFC 6749, RFC 7009, RFC 7662, and renew an expired token by themselves."""

import time
import warnings
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx
import pytest
from authlib.deprecate import AuthlibDeprecationWarning  # type: ignore[import-untyped]
from authlib.integrations.base_client import OAuthError  # type: ignore[import-untyped]
from authlib.integrations.requests_client import OAuth2Session  # type: ignore[import-untyped]
from authlib.oauth2.rfc7523 import PrivateKeyJWT  # type: ignore[import-untyped]
from authlib.oauth2.rfc8414 import AuthorizationServerMetadata, get_well_known_url  # type: ignore[import-untyped]
from joserfc.jwk import RSAKey

from tests.foreign.place import ORDER, TIMEOUT_S, Place, listed, placed, refused, refused_later

with warnings.catch_warnings():
    # It would rather have httpx's successor, which is not what this system is built on.
    warnings.simplefilter("ignore", AuthlibDeprecationWarning)
    from authlib.integrations.httpx_client import AsyncOAuth2Client, OAuth2Client  # type: ignore[import-untyped]

METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt")


@cache
def rsa() -> RSAKey:
    return RSAKey.generate_key(2048)


@pytest.mark.parametrize("method", METHODS)
def test_authlib_over_requests_orders_renews_asks_and_gives_back(place: Place, method: str) -> None:
    with _client(OAuth2Session, place, method, default_timeout=TIMEOUT_S) as client:
        _the_whole_way(client, place, _described(place))


@pytest.mark.parametrize("method", METHODS)
def test_authlib_over_httpx_orders_renews_asks_and_gives_back(place: Place, method: str) -> None:
    with _client(OAuth2Client, place, method, timeout=TIMEOUT_S) as client:
        _the_whole_way(client, place, _described(place))


@pytest.mark.parametrize("method", METHODS)
async def test_authlib_over_httpx_without_blocking_does_the_same(place: Place, method: str) -> None:
    described = _described(place)
    async with _client(AsyncOAuth2Client, place, method, timeout=TIMEOUT_S) as client:
        first = await client.fetch_token(grant_type="client_credentials")
        order = placed(await client.post(place.orders, json=ORDER))
        client.token = {**first, "expires_at": int(time.time()) - 30}
        listed(await client.get(place.orders), order)  # with a new token, which it fetched by itself
        assert client.token["refresh_token"] != first["refresh_token"]
        token = await client.refresh_token()
        told = await client.introspect_token(described["introspection_endpoint"], token=token["access_token"])
        assert (told.json()["active"], told.json()["client_id"]) == (True, client.client_id)
        await client.revoke_token(
            described["revocation_endpoint"], token=token["refresh_token"], token_type_hint="refresh_token"
        )
        await refused_later(lambda: client.get(place.orders))
        with pytest.raises(OAuthError, match="invalid_grant"):
            await client.refresh_token()


def test_authlib_says_what_is_wrong_in_our_words(place: Place) -> None:
    with OAuth2Session(place.client().client_id, "wrong", default_timeout=TIMEOUT_S) as session:
        endpoint = place.described()["token_endpoint"]
        with pytest.raises(OAuthError, match="invalid_client: Client authentication failed"):
            session.fetch_token(endpoint, grant_type="client_credentials")


def _client(kind: Any, place: Place, method: str, **timeout: float) -> Any:
    credentials, described = place.client(), _described(place)
    if method == "private_key_jwt":
        place.trust(credentials, rsa())
    client = kind(
        credentials.client_id,
        rsa() if method == "private_key_jwt" else credentials.client_secret,
        scope="orders:read orders:write",
        token_endpoint=described["token_endpoint"],
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
        **timeout,
    )
    # It signs for the endpoint that it is told here, wherever it sends that; RS256 unless it is told otherwise.
    client.register_client_auth_method(PrivateKeyJWT(described["token_endpoint"]))
    return client


def _described(place: Place) -> Mapping[str, Any]:
    """What the token service says of itself, each parameter checked by authlib.

    But for the response types: a server without an authorization endpoint has none, and where there are none RFC 8414
    both requires the parameter (2) and forbids it (3.2).
    """
    url = get_well_known_url(place.issuer, external=True)
    described = AuthorizationServerMetadata(httpx.get(url, timeout=TIMEOUT_S).raise_for_status().json())
    assert described["issuer"] == place.issuer
    assert sorted(described["token_endpoint_auth_methods_supported"]) == sorted(METHODS)
    for parameter in AuthorizationServerMetadata.REGISTRY_KEYS:
        if parameter != "response_types_supported":
            getattr(described, f"validate_{parameter}")()
    told: Mapping[str, Any] = described
    return told


def _the_whole_way(client: Any, place: Place, described: Mapping[str, Any]) -> None:
    first = client.fetch_token(grant_type="client_credentials")
    order = placed(client.post(place.orders, json=ORDER))
    client.token = {**first, "expires_at": int(time.time()) - 30}
    listed(client.get(place.orders), order)  # with a new token, which it fetched by itself
    assert client.token["refresh_token"] != first["refresh_token"]
    token = client.refresh_token()
    told = client.introspect_token(described["introspection_endpoint"], token=token["access_token"]).json()
    assert (told["active"], told["client_id"]) == (True, client.client_id)
    answer = client.revoke_token(
        described["revocation_endpoint"], token=token["access_token"], token_type_hint="access_token"
    )
    assert answer.status_code == 200
    refused(lambda: client.get(place.orders))
    with pytest.raises(OAuthError, match="invalid_grant"):
        client.refresh_token()
    told = client.introspect_token(described["introspection_endpoint"], token=token["access_token"]).json()
    assert told == {"active": False}
