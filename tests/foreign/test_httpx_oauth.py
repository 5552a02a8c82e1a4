"""httpx-oauth: renews and gives back.

By design it is for people who sign in: it has no grant for a client's own credentials, so the first token is another's
work, and neither discovery nor introspection (its discovery is OpenID Connect's, which Waybill has no part in).
"""

import httpx
import pytest
from httpx_oauth.oauth2 import OAuth2, OAuth2ClientAuthMethod, RefreshTokenError

from tests.foreign.place import ORDER, TIMEOUT_S, Place, listed, placed, refused_later


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_httpx_oauth_renews_and_gives_back(place: Place, method: OAuth2ClientAuthMethod) -> None:
    credentials = place.client()
    client = OAuth2(
        credentials.client_id,
        credentials.client_secret,
        authorize_endpoint="",  # there is none
        access_token_endpoint=f"{place.issuer}/auth/token",
        refresh_token_endpoint=f"{place.issuer}/auth/token",
        revoke_token_endpoint=f"{place.issuer}/auth/revoke",
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
    )
    async with httpx.AsyncClient(timeout=TIMEOUT_S) as http:
        basic = (credentials.client_id, credentials.client_secret)
        form = {"grant_type": "client_credentials"}
        first = (await http.post(f"{place.issuer}/auth/token", data=form, auth=basic)).raise_for_status().json()

        token = await client.refresh_token(first["refresh_token"])
        assert not token.is_expired()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        order = placed(await http.post(place.orders, json=ORDER, headers=headers))
        listed(await http.get(place.orders, headers=headers), order)
        await client.revoke_token(token["access_token"], "access_token")
        await refused_later(lambda: http.get(place.orders, headers=headers))
        with pytest.raises(RefreshTokenError) as refusal:
            await client.refresh_token(token["refresh_token"])
        assert refusal.value.response is not None
        assert refusal.value.response.json()["error"] == "invalid_grant"
