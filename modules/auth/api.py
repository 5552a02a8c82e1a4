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

TOKEN_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The tokens.", "model": TokenAnswered},
    400: {"description": "The request is refused.", "model": OAuthError},
    401: {"description": "The client does not authenticate.", "model": OAuthError},
    415: {"description": f"The body is not {FORM}.", "model": OAuthError},
    **problems(413, 503),
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
        media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if media_type != FORM:
            return _refusal(TokenRefused("invalid_request", f"Send the body as {FORM}."), 415)
        try:
            asked = read_request(await request.body(), request.headers.getlist("authorization"))
        except TokenRefused as refused:
            return _rendered(refused)
        return _rendered(await answer(asked))

    @router.get(KEYS_PATH, responses=problems(503))
    async def jwks() -> Response:
        """The public keys of access tokens. Source: RFC 7517, 5."""
        return _described({"keys": [jwk(key) for key in await service.keys()]})

    @router.get("/.well-known/oauth-authorization-server")
    async def metadata() -> Response:
        """What this token service can do. Source: RFC 8414, 3."""
        return _described(_metadata(service.terms.issuer))

    return router


def _rendered(outcome: Outcome) -> Response:
    if isinstance(outcome, TokenRefused):
        return _refusal(outcome, 401 if outcome.error == "invalid_client" else 400)
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
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    }
