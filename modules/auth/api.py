"""The token endpoint, and what clients and verifiers read about it."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

from modules.auth.model.key import jwk
from modules.auth.model.scope import SCOPES
from modules.auth.port import KEYS_PATH
from modules.auth.service import AuthService, Outcome, TokenRefused, TokenRequest, read_request
from modules.web.problem import problems

FORM = "application/x-www-form-urlencoded"
# Source: RFC 6749, 5.1.
NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
# Source: RFC 7617, 2.
CHALLENGE = 'Basic realm="waybill", charset="UTF-8"'
DESCRIPTION_ENDPOINTS_LIVE_S = 60
AUTHENTICATION = ["client_secret_basic", "client_secret_post"]


class TokenAnswered(BaseModel):
    """Source: RFC 6749, 5.1."""

    access_token: str
    token_type: str
    expires_in: int
    refresh_token: str
    scope: str


class OAuthError(BaseModel):
    """Source: RFC 6749, 5.2."""

    error: str
    error_description: str


class Introspected(BaseModel):
    """Source: RFC 7662, 2.2."""

    active: bool
    scope: str | None = None
    client_id: str | None = None
    token_type: str | None = None
    exp: int | None = None
    iat: int | None = None
    sub: str | None = None
    aud: str | None = None
    iss: str | None = None
    jti: str | None = None


TOKEN_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["grant_type"],
                    "properties": {
                        "grant_type": {"type": "string", "enum": ["client_credentials", "refresh_token"]},
                        "scope": {"type": "string", "examples": ["orders:read orders:write"]},
                        "resource": {"type": "string", "examples": ["urn:waybill:sales"]},
                        "refresh_token": {"type": "string"},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string", "format": "password"},
                    },
                }
            }
        },
    },
    "security": [{"client_secret_basic": []}, {}],
}

RETURNED_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            FORM: {
                "schema": {
                    "type": "object",
                    "required": ["token"],
                    "properties": {
                        "token": {"type": "string"},
                        "token_type_hint": {"type": "string", "enum": ["access_token", "refresh_token"]},
                        "client_id": {"type": "string"},
                        "client_secret": {"type": "string", "format": "password"},
                    },
                }
            }
        },
    },
    "security": [{"client_secret_basic": []}, {}],
}

REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"description": "The request is refused.", "model": OAuthError},
    401: {"description": "The client does not authenticate.", "model": OAuthError},
    415: {"description": f"The body is not {FORM}.", "model": OAuthError},
    **problems(413, 503),
}
TOKEN_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The tokens.", "model": TokenAnswered},
    **REFUSALS,
}

Issue = Callable[[TokenRequest], Awaitable[Outcome]]


def routes(service: AuthService, issue: Issue | None = None) -> APIRouter:
    """The routes of auth. `issue` answers one request; without it each is a batch of its own."""
    router = APIRouter(tags=["auth"])

    async def alone(asked: TokenRequest) -> Outcome:
        return (await service.issue_tokens([asked]))[0]

    answer = issue or alone

    @router.post("/auth/token", responses=TOKEN_RESPONSES, openapi_extra=TOKEN_FORM)
    async def token(request: Request) -> Response:
        """Get an access token and a refresh token, for the client's credentials or for a refresh token."""
        return await _answered(request, answer)

    _returning(router, service)

    @router.get(KEYS_PATH, responses=problems(503))
    async def jwks() -> Response:
        """The public keys of access tokens. Source: RFC 7517, 5."""
        return _described({"keys": [jwk(key) for key in await service.keys()]})

    @router.get("/.well-known/oauth-authorization-server")
    async def metadata() -> Response:
        """What this token service can do. Source: RFC 8414, 3."""
        return _described(_metadata(service.terms.issuer))

    return router


def _returning(router: APIRouter, service: AuthService) -> None:
    @router.post(
        "/auth/revoke",
        responses={200: {"description": "It opens nothing any more.", "content": {}}, **REFUSALS},
        openapi_extra=RETURNED_FORM,
    )
    async def revoke(request: Request) -> Response:
        """Have a token be worth nothing, and all that goes back to the same sign-in. Source: RFC 7009."""
        return await _answered(request, service.revoke)

    @router.post(
        "/auth/introspect",
        responses={200: {"description": "What the token is good for now.", "model": Introspected}, **REFUSALS},
        openapi_extra=RETURNED_FORM,
    )
    async def introspect(request: Request) -> Response:
        """Ask what a token is good for: one's own, or with the scope `auth:introspect` any. Source: RFC 7662."""
        return await _answered(request, service.introspect)


async def _answered(request: Request, answer: Callable[[TokenRequest], Awaitable[Any]]) -> Response:
    """What a form of OAuth's is answered: as JSON that nobody may keep, or with nothing, or refused in OAuth's words."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM:
        return _refusal(TokenRefused("invalid_request", f"Send the body as {FORM}."), 415)
    try:
        outcome = await answer(read_request(await request.body(), request.headers.getlist("authorization")))
    except TokenRefused as refused:
        outcome = refused
    if isinstance(outcome, TokenRefused):
        return _refusal(outcome, 401 if outcome.error == "invalid_client" else 400)
    if outcome is None:
        return Response(status_code=200, headers=NOT_STORED)
    return Response(orjson.dumps(outcome), 200, NOT_STORED, media_type="application/json")


def _refusal(refused: TokenRefused, status: int) -> Response:
    told = {"error": refused.error, "error_description": refused.description}
    headers = dict(NOT_STORED)
    if status == 401:  # noqa: PLR2004  unauthorized, by its number as everywhere in HTTP
        headers["WWW-Authenticate"] = CHALLENGE
    return Response(orjson.dumps(told), status, headers, media_type="application/json")


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
        "token_endpoint_auth_methods_supported": AUTHENTICATION,
        "revocation_endpoint_auth_methods_supported": AUTHENTICATION,
        "introspection_endpoint_auth_methods_supported": AUTHENTICATION,
    }
