"""Errors as problem details. Source: RFC 9457."""

from collections.abc import Mapping

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from loguru import logger
from starlette.exceptions import HTTPException
from starlette.routing import Match

from app.telemetry.logs import request_id
from modules.kernel import errors
from modules.kernel.errors import WaybillError
from modules.web.answer import OPTIONS
from modules.web.body import MalformedJson, UnsupportedMediaType, invalid, pointer
from modules.web.problem import PROBLEM_JSON

STATUS: Mapping[type[WaybillError], int] = {
    MalformedJson: 400,
    UnsupportedMediaType: 415,
    errors.Invalid: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.PreconditionFailed: 412,
    errors.PreconditionRequired: 428,
    errors.Conflict: 409,
    errors.TooMany: 429,
    errors.Unavailable: 503,
}
"""The one table from what an error is to its status; the first kind that fits, from the error's own class upwards."""

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class NoSuchPath(errors.NotFound, code="no_such_path"):
    """There is nothing at this path."""


class MethodNotAllowed(errors.Invalid, code="method_not_allowed"):
    """The path does not take this method; the header `Allow` names those it takes."""


class TooLarge(errors.Invalid, code="body_too_large"):
    """The body is larger than this endpoint takes."""


class MalformedRequest(errors.Invalid, code="malformed_request"):
    """The path, the query or a header holds control characters or is not UTF-8."""


class CutShort(errors.Unavailable, code="cut_short"):
    """The process was told to stop and could not wait for this any longer. Whether anything was done is unknown: repeat it."""


class Internal(WaybillError, code="internal", title="Something is wrong on our side"):
    """A fault of ours: the log holds everything under the request id. Whether anything was done is unknown."""


def status_of(error: WaybillError) -> int:
    """The HTTP status that an error means."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def problem(error: WaybillError, instance: str, status: int | None = None) -> Response:
    """An error as a problem, with the headers that its kind asks for."""
    status = status or status_of(error)
    document = {
        "type": f"/problems/{error.code}",
        "title": error.title,
        "status": status,
        "detail": error.detail,
        "instance": instance,
        "code": error.code,
        "retryable": error.retryable,
        **error.details,
    }
    return Response(orjson.dumps(document, option=OPTIONS), status, _headers(error), media_type=PROBLEM_JSON)


def _headers(error: WaybillError) -> dict[str, str]:
    if isinstance(error, errors.Unauthenticated) and error.challenge is not None:
        return {"WWW-Authenticate": error.challenge}
    if isinstance(error, errors.Unauthenticated):  # RFC 6750, 3
        given = f' error="invalid_token", error_description="{error.detail}"' if error.code == "invalid_token" else ""
        return {"WWW-Authenticate": f'Bearer realm="waybill"{"," + given if given else ""}'}
    if isinstance(error, errors.InsufficientScope):
        scope = error.details.get("scope", "")
        return {"WWW-Authenticate": f'Bearer realm="waybill", error="insufficient_scope", scope="{scope}"'}
    if isinstance(error, errors.TooMany):  # RFC 6585, 4: nobody may store it
        return {"Retry-After": str(error.details.get("retry_after_s", 1)), "Cache-Control": "no-store"}
    if isinstance(error, errors.Unavailable):
        return {"Retry-After": str(error.details.get("retry_after_s", 1))}
    return {}


def install(app: FastAPI) -> None:
    """Have every error of this application answered as a problem."""
    app.add_exception_handler(WaybillError, _waybill_error)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http_exception)


async def _waybill_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, WaybillError):
        raise error
    return problem(error, request.url.path)


async def _validation(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    refusal = invalid(
        {"pointer": pointer(fault["loc"][1:]), "code": fault["type"], "detail": fault["msg"]}
        for fault in error.errors()
    )
    return problem(refusal, request.url.path)


async def _http_exception(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 405:  # noqa: PLR2004  # Starlette's own word for it
        answer = problem(MethodNotAllowed(f"{request.method} is not allowed here."), request.url.path, 405)
        answer.headers["Allow"] = _allowed(request)
        return answer
    answer = problem(NoSuchPath(f"There is nothing at {request.url.path}."), request.url.path, error.status_code)
    answer.headers.update(error.headers or {})
    return answer


def _allowed(request: Request) -> str:
    """Every method that the path takes; the router knows those of its first route only. Source: RFC 9110, 10.2.1."""
    scopes = {method: {**request.scope, "method": method} for method in METHODS}
    routes = request.app.routes
    return ", ".join(name for name in METHODS if any(one.matches(scopes[name])[0] is Match.FULL for one in routes))


def fault(error: Exception, method: str, path: str) -> Response:
    """A fault of ours: the caller gets a request id to ask us about, the log gets everything."""
    logger.opt(exception=error).error("fault at {} {}", method, path)
    told = Internal("The fault is in the log under this request id.", request_id=request_id.get())
    return problem(told, path, 500)
