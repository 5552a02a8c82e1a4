"""The grants, by authlib's rules.

Its server is synchronous and knows no database: all is loaded before it decides, and stored after.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from authlib.oauth2.rfc6749 import (  # type: ignore[import-untyped]
    AuthorizationServer,
    ClientCredentialsGrant,
    InvalidGrantError,
    OAuth2Error,
    OAuth2Request,
    RefreshTokenGrant,
)
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload  # type: ignore[import-untyped]

from modules.auth.model.scope import ScopeRefused, TargetRefused, audience_for, scopes_for
from modules.auth.model.token import Issue, KnownClient, PresentedToken, Terms
from modules.auth.service.request import Refusal, TokenRefused, TokenRequest, unknown_client

# authlib looks at the URL to see TLS, which ends before a request reaches this process.
TOKEN_ENDPOINT = "https://localhost/auth/token"  # noqa: S105  a URL

DESCRIPTIONS: Mapping[Refusal, str] = {
    "invalid_request": "A parameter is missing.",
    "invalid_grant": "The refresh token is unknown, used, expired or revoked.",
    "unsupported_grant_type": "There are the grant types client_credentials and refresh_token.",
    "invalid_scope": "The scope is malformed, or more than this client may have for this resource.",
    "invalid_target": "This client may not have a token for this resource.",
}


class Reused(Exception):
    """A refresh token came back after it was exchanged: one of two who hold it is a thief. Its family must end."""

    def __init__(self, family: UUID) -> None:
        super().__init__(family)
        self.family = family


class GrantClient:
    """A client that has authenticated, as authlib asks about it."""

    def __init__(self, known: KnownClient) -> None:
        self.known = known

    def check_grant_type(self, grant_type: str) -> bool:
        """Whether it may use this grant: every client may use both."""
        return grant_type in {ClientCredentials.GRANT_TYPE, Refresh.GRANT_TYPE}


class GrantToken:
    """A refresh token that was presented, as authlib asks about it."""

    def __init__(self, presented: PresentedToken) -> None:
        self.presented = presented

    def check_client(self, client: GrantClient) -> bool:
        """Whether it is this client's."""
        return self.presented.client_id == client.known.id

    def get_scope(self) -> str:
        """What its family was given."""
        return " ".join(self.presented.scopes)


class Asked(OAuth2Request):  # type: ignore[misc]  # authlib has no types
    """A request with everything that there is to know about it."""

    def __init__(
        self, request: TokenRequest, client: KnownClient | None, presented: PresentedToken | None, now: datetime
    ) -> None:
        super().__init__("POST", TOKEN_ENDPOINT)
        self.payload = BasicOAuth2Payload(request.parameters)
        self.asked = request
        self.known = client
        self.presented = presented
        self.now = now
        self.issue: Issue | None = None

    @property
    def sure(self) -> KnownClient:
        """The client, once it is known that there is one."""
        if self.known is None:
            raise unknown_client()
        return self.known

    @property
    def form(self) -> Mapping[str, str]:
        """The parameters."""
        return self.asked.parameters


class ClientCredentials(ClientCredentialsGrant):  # type: ignore[misc]
    """Tokens for a client that authenticates. Source: RFC 6749, 4.4."""

    def save_token(self, _token: Any) -> None:
        """Note what is to be issued: a new family."""
        asked: Asked = self.request
        client: KnownClient = asked.client.known
        audience = audience_for(asked.form.get("resource"), client.audiences, client.audiences[0])
        scopes = scopes_for(asked.form.get("scope"), client.scopes, audience)
        self.server.note(asked, audience, scopes)


class Refresh(RefreshTokenGrant):  # type: ignore[misc]
    """Tokens for a refresh token, which is used up by it. Source: RFC 6749, 6; RFC 9700, 4.14.2."""

    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, _refresh_token: str) -> GrantToken | None:
        """The token presented, if its family may still be refreshed by this client."""
        asked: Asked = self.request
        presented = asked.presented
        if presented is None or not presented.alive(asked.client.known, asked.now):
            return None
        if presented.consumed_by not in {None, asked.asked.drawn.attempt}:
            raise Reused(presented.family)
        return GrantToken(presented)

    def authenticate_user(self, refresh_token: GrantToken) -> GrantToken:
        """Nobody but the client itself is behind a token."""
        return refresh_token

    def save_token(self, _token: Any) -> None:
        """Note what is to be issued: the next link of the family."""
        asked: Asked = self.request
        presented: PresentedToken = asked.refresh_token.presented
        client: KnownClient = asked.client.known
        # What was granted once must still be the client's: asking again is how it learns of less.
        granted = [scope for scope in presented.scopes if scope in client.scopes]
        wanted = asked.form.get("scope", " ".join(presented.scopes))
        present = [presented.audience] if presented.audience in client.audiences else []
        audience = audience_for(asked.form.get("resource"), present, presented.audience)
        self.server.note(asked, audience, scopes_for(wanted, granted, audience), presented)

    def revoke_old_credential(self, refresh_token: GrantToken) -> None:
        """Nothing here: the statement that stores the successor uses the old one up."""


class Grants(AuthorizationServer):  # type: ignore[misc]
    """Decides what a request gets."""

    def __init__(self, terms: Terms) -> None:
        super().__init__()
        self._terms = terms
        self.register_grant(ClientCredentials)
        self.register_grant(Refresh)

    def decide(self, asked: Asked) -> Issue:
        """The tokens that a request is to get.

        Raises:
            TokenRefused: none, and why.
            Reused: none, and the family must end.
        """
        _ = asked.sure
        if "grant_type" not in asked.form:
            raise _refused("invalid_request")
        try:
            grant = self.get_token_grant(asked)
            grant.validate_token_request()
            grant.create_token_response()
        except OAuth2Error as error:
            raise _refused(error.error) from error
        except ScopeRefused as error:
            raise _refused("invalid_scope") from error
        except TargetRefused as error:
            raise _refused("invalid_target") from error
        if asked.issue is None:
            raise _refused("invalid_request")
        return asked.issue

    def authenticate_client(self, request: Asked, _methods: Any, _endpoint: str = "token") -> GrantClient:
        """The client that was recognised when it was loaded."""
        return GrantClient(request.sure)

    def send_signal(self, name: str, *args: Any, **kwargs: Any) -> None:
        """Nobody listens."""

    def generate_token(self, **_about: Any) -> dict[str, Any]:
        """Nothing yet: tokens are signed when what they stand for is stored."""
        return {}

    def validate_requested_scope(self, scope: Any) -> None:
        """Nothing here: which scopes there are depends on the audience, see `save_token` of each grant."""

    def note(
        self, asked: Asked, audience: str, scopes: tuple[str, ...], presented: PresentedToken | None = None
    ) -> None:
        """Note what `asked` is to get."""
        client: KnownClient = asked.client.known
        drawn = asked.asked.drawn
        family_ends = presented.expires_at if presented else asked.now + self._terms.refresh_ttl
        asked.issue = Issue(
            client=client,
            family=presented.family if presented else drawn.family,
            scopes=scopes,
            family_scopes=presented.scopes if presented else scopes,
            audience=audience,
            drawn=drawn,
            at=asked.now,
            access_expires_at=min(asked.now + self._terms.access_ttl_of(client.kind), family_ends),
            family_expires_at=family_ends,
            spends=presented.digest if presented else None,
        )


def invalid_grant() -> TokenRefused:
    """The refusal of a refresh token, whatever is wrong with it."""
    return _refused(InvalidGrantError.error)


def _refused(error: Refusal) -> TokenRefused:
    return TokenRefused(error, DESCRIPTIONS.get(error, "The request is refused."))
