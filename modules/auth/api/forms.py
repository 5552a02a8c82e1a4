"""Forms as OAuth has them, and how they are answered. Source: RFC 6749, 5; RFC 7009; RFC 7662."""

from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from modules.auth.model.assertion import ASSERTION_TYPE
from modules.auth.service import TokenRefused, TokenRequest, read_request
from modules.auth.service.limiting import Limiter, counted_as
from modules.web.problem import problems

FORM = "application/x-www-form-urlencoded"
# Source: RFC 6749, 5.1.
NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
# Source: RFC 7617, 2.
CHALLENGE = 'Basic realm="waybill", charset="UTF-8"'


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


CREDENTIALS: dict[str, Any] = {
    "client_id": {"type": "string"},
    "client_secret": {"type": "string", "format": "password"},
    "client_assertion_type": {"type": "string", "enum": [ASSERTION_TYPE]},
    "client_assertion": {"type": "string", "format": "password"},
}

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
                        **CREDENTIALS,
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
                        "token_type_hint": {"type": "string", "examples": ["access_token", "refresh_token"]},
                        **CREDENTIALS,
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
    **problems(413, 429, 503),
}
TOKEN_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "The tokens.", "model": TokenAnswered},
    **REFUSALS,
}


async def answered(request: Request, answer: Callable[[TokenRequest], Awaitable[Any]], limiter: Limiter) -> Response:
    """What a form of OAuth's is answered: as JSON that nobody may keep, or with nothing, or refused in OAuth's words.

    Raises:
        TooMany: the limiter does not admit it; nothing of it was looked at.
    """
    address = counted_as(request.client.host if request.client else None)
    await limiter.admit(address)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != FORM:
        return _refusal(TokenRefused("invalid_request", f"Send the body as {FORM}."), 415)
    try:
        asked = read_request(await request.body(), request.headers.getlist("authorization"), address)
        outcome = await _limited(asked, answer, limiter)
    except TokenRefused as refused:
        outcome = refused
    if isinstance(outcome, TokenRefused):
        return _refusal(outcome, 401 if outcome.error == "invalid_client" else 400)
    if outcome is None:
        return Response(status_code=200, headers=NOT_STORED)
    return Response(orjson.dumps(outcome), 200, NOT_STORED, media_type="application/json")


async def _limited(asked: TokenRequest, answer: Callable[[TokenRequest], Awaitable[Any]], limiter: Limiter) -> Any:
    """The answer to a client that does not have to wait; whether it is one is remembered."""
    had_failed = await limiter.admit_client(asked.client_id, asked.address)
    try:
        outcome = await answer(asked)
    except TokenRefused as refused:
        outcome = refused
    if isinstance(outcome, TokenRefused):
        # Other refusals prove nothing: they may come before anybody looked at the credentials.
        if outcome.error == "invalid_client":
            await limiter.failed(asked.client_id, asked.address)
    elif had_failed and asked.client_id is not None:
        await limiter.succeeded(asked.client_id, asked.address)
    return outcome


def _refusal(refused: TokenRefused, status: int) -> Response:
    told = {"error": refused.error, "error_description": refused.description}
    headers = dict(NOT_STORED)
    if status == 401:  # noqa: PLR2004  unauthorized, by its number as everywhere in HTTP
        headers["WWW-Authenticate"] = CHALLENGE
    return Response(orjson.dumps(told), status, headers, media_type="application/json")
