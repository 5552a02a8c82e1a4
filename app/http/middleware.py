"""What happens around every request: its id and trace, bounds on its size, one metric, one log line."""

import asyncio
import re
import secrets
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

from loguru import logger
from prometheus_client import Histogram
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.http.problems import CutShort, MalformedRequest, NoSuchPath, TooLarge, fault, problem
from app.telemetry.logs import request_id
from app.telemetry.metrics import HTTP_REQUESTS
from modules.kernel.errors import WaybillError
from modules.kernel.events import traceparent
from modules.kernel.ids import new_id
from modules.web.headers import TOLD
from modules.web.leaving import LEAVING, Leaving, never

MIB = 1024 * 1024
INTERNAL = ("/internal/", "/metrics")
LARGE = ("/availability", "/internal/")
LARGE_BYTES, BYTES = 16 * MIB, MIB
OK = 200
CLIENT_LEFT = 499  # for log and metrics only: nobody is there to read it

REQUEST_ID = re.compile(rb"[\x21-\x7e]{1,128}")
TRACEPARENT = re.compile(rb"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
POLLED = ("/auth/revocations", "/health/", "/metrics")
"""What is asked for several times a second: a line each would hide the others."""
ELSEWHERE = (b"connection", b"close")
"""What a process that leaves says with each answer: the next request is better sent to another."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
ENCODED_CONTROL = re.compile(rb"%(?:[01][0-9a-fA-F]|7[fF])")


class Around:
    """Pure ASGI: a middleware with a task of its own would cost more than it does."""

    def __init__(self, app: ASGIApp, internal_port: int | None = None, leaving: Leaving = never) -> None:
        self._app = app
        self._internal_port = internal_port
        self._leaving = leaving
        self._series: dict[tuple[str, str, int], Histogram] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        headers: Mapping[bytes, bytes] = dict(scope["headers"])
        id_ = _request_id(headers)
        request_id.set(id_)
        traceparent.set(_trace(headers))
        scope[LEAVING] = self._leaving
        status, begun = 500, False

        async def answer(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                told = [(name.lower().encode(), value.encode()) for name, value in scope.get(TOLD, ())]
                told += [ELSEWHERE] if self._leaving() else []
                message["headers"] = [*message.get("headers", ()), *told, (b"x-request-id", id_.encode())]
            await send(message)

        try:
            refusal = _refused(scope, headers) or self._hidden(scope)
            if refusal is not None:
                await problem(refusal, scope["path"], _status(refusal))(scope, receive, answer)
            else:
                await self._app(scope, _Bounded(scope, receive), answer)
        except ClientDisconnect:
            status = CLIENT_LEFT
        except (Exception, asyncio.CancelledError) as error:
            answers = isinstance(error, Exception) or self._leaving()
            if begun or not answers:  # too late for words: the connection is cut
                raise
            await _instead(error, scope)(scope, receive, answer)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _hidden(self, scope: Scope) -> WaybillError | None:
        """What is for our own network is not there for those who came by the other port."""
        if self._internal_port is None or not scope["path"].startswith(INTERNAL):
            return None
        server = scope.get("server")
        if server is not None and server[1] == self._internal_port:
            return None
        return NoSuchPath(f"There is nothing at {scope['path']}.")

    def _note(self, scope: MutableMapping[str, Any], status: int, took_s: float) -> None:
        route = getattr(scope.get("route"), "path", "none")
        key = (scope["method"], route, status)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = HTTP_REQUESTS.labels(*map(str, key))
        series.observe(took_s)
        level = "DEBUG" if status == OK and scope["path"].startswith(POLLED) else "INFO"
        logger.log(level, "{} {} {} {:.1f} ms", scope["method"], scope["path"], status, took_s * 1000)


class _Exceeded(Exception):  # never leaves this file
    """The body grew beyond its bound while it was read."""


class _Bounded:
    """Receives a body up to its bound."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._left = _bound(scope)

    async def __call__(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                raise _Exceeded
        return message


def _instead(error: BaseException, scope: Scope) -> Response:
    """What is answered where no answer came of it."""
    if isinstance(error, _Exceeded):
        return problem(TooLarge("The body is too large."), scope["path"], 413)
    if isinstance(error, Exception):
        return fault(error, scope["method"], scope["path"])
    return problem(CutShort("This process ends; come back."), scope["path"])


def _bound(scope: Scope) -> int:
    return LARGE_BYTES if scope["path"].startswith(LARGE) else BYTES


def _refused(scope: Scope, headers: Mapping[bytes, bytes]) -> WaybillError | None:
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > _bound(scope):
        return TooLarge(f"The body is larger than {_bound(scope)} bytes.")
    raw = scope.get("raw_path") or b""
    if (
        CONTROL.search(scope["path"])
        or "\ufffd" in scope["path"]
        or ENCODED_CONTROL.search(scope["query_string"] + raw)
    ):
        return MalformedRequest("The path or the query holds control characters or is not UTF-8.")
    return None


def _status(refusal: WaybillError) -> int:
    if isinstance(refusal, NoSuchPath):
        return 404
    return 413 if isinstance(refusal, TooLarge) else 400


def _request_id(headers: Mapping[bytes, bytes]) -> str:
    given = headers.get(b"x-request-id", b"")
    return given.decode() if REQUEST_ID.fullmatch(given) else str(new_id())


def _trace(headers: Mapping[bytes, bytes]) -> str:
    """The caller's trace with a span of our own, or a new trace. Source: W3C Trace Context, 4.3."""
    given = headers.get(b"traceparent", b"")
    if TRACEPARENT.fullmatch(given):
        version, trace, _, flags = given.decode().split("-")
        return f"{version}-{trace}-{secrets.token_hex(8)}-{flags}"
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
