"""The token endpoint, and what clients and verifiers read about it."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from modules.auth.api.clients import routes as client_routes
from modules.auth.api.forms import REFUSALS, RETURNED_FORM, TOKEN_FORM, TOKEN_RESPONSES, Introspected, answered
from modules.auth.model.client_key import ALGORITHMS
from modules.auth.model.key import jwk
from modules.auth.model.scope import SCOPES
from modules.auth.port import KEYS_PATH
from modules.auth.service import AuthService, Outcome, TokenRequest
from modules.auth.service.limiting import Limiter, Unlimited
from modules.web.problem import problems

__all__ = ["client_routes", "routes"]

DESCRIPTION_ENDPOINTS_LIVE_S = 60
AUTHENTICATION = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
ENDPOINTS = ("token", "revocation", "introspection")


Issue = Callable[[TokenRequest], Awaitable[Outcome]]


def routes(service: AuthService, issue: Issue | None = None, limiter: Limiter | None = None) -> APIRouter:
    """The routes of auth. `issue` answers one request; without it each is a batch of its own.

    Without a limiter everybody is admitted.
    """
    router = APIRouter(tags=["auth"])

    async def alone(asked: TokenRequest) -> Outcome:
        return (await service.issue_tokens([asked]))[0]

    answer = issue or alone
    limiter = limiter or Unlimited()

    @router.post("/auth/token", responses=TOKEN_RESPONSES, openapi_extra=TOKEN_FORM)
    async def token(request: Request) -> Response:
        """Get an access token and a refresh token, for the client's credentials or for a refresh token."""
        return await answered(request, answer, limiter)

    _returning(router, service, limiter)

    @router.get(KEYS_PATH, responses=problems(503))
    async def jwks() -> Response:
        """The public keys of access tokens. Source: RFC 7517, 5."""
        return _described({"keys": [jwk(key) for key in await service.keys()]})

    @router.get("/.well-known/oauth-authorization-server")
    async def metadata() -> Response:
        """What this token service can do. Source: RFC 8414, 3."""
        return _described(_metadata(service.terms.issuer))

    return router


def _returning(router: APIRouter, service: AuthService, limiter: Limiter) -> None:
    @router.post(
        "/auth/revoke",
        response_class=Response,  # with nothing in it
        responses={200: {"description": "It opens nothing any more."}, **REFUSALS},
        openapi_extra=RETURNED_FORM,
    )
    async def revoke(request: Request) -> Response:
        """Have a token be worth nothing, and all that goes back to the same sign-in. Source: RFC 7009."""
        return await answered(request, service.revoke, limiter)

    @router.post(
        "/auth/introspect",
        responses={200: {"description": "What the token is good for now.", "model": Introspected}, **REFUSALS},
        openapi_extra=RETURNED_FORM,
    )
    async def introspect(request: Request) -> Response:
        """Ask what a token is good for: one's own, or with the scope `auth:introspect` any. Source: RFC 7662."""
        return await answered(request, service.introspect, limiter)


def _described(content: Any) -> Response:
    headers = {"Cache-Control": f"public, max-age={DESCRIPTION_ENDPOINTS_LIVE_S}"}
    return Response(orjson.dumps(content), 200, headers, media_type="application/json")


def _metadata(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "token_endpoint": f"{issuer}/auth/token",
        "jwks_uri": f"{issuer}{KEYS_PATH}",
        "scopes_supported": [scope for scopes in SCOPES.values() for scope in scopes],
        "response_types_supported": [],
        "grant_types_supported": ["client_credentials", "refresh_token"],
        "revocation_endpoint": f"{issuer}/auth/revoke",
        "introspection_endpoint": f"{issuer}/auth/introspect",
        **{f"{name}_endpoint_auth_methods_supported": AUTHENTICATION for name in ENDPOINTS},
        **{f"{name}_endpoint_auth_signing_alg_values_supported": ALGORITHMS for name in ENDPOINTS},
    }
