"""One module's way to another, over HTTP."""

import asyncio
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import httpx
import orjson

from app.identity import Identity, NotAdmitted
from app.rpc.peer import Peer, left_s
from app.telemetry.logs import request_id
from app.telemetry.metrics import PORT_BYTES
from modules.kernel.errors import Unavailable
from modules.kernel.events import traceparent
from modules.kernel.rpc import CONTRACT_HEADER, DEADLINE_HEADER, ContractMismatch, Crossing, PeerFault, error_of

_P = ParamSpec("_P")
_R = TypeVar("_R")

SAID = frozenset({*range(400, 500), 503})
IDENTITY_REFUSED = frozenset({"insufficient_scope", "forbidden"})


@dataclass(frozen=True, slots=True)
class _Refusal:
    """What the peer says instead of an answer."""

    error: Exception


class HttpChannel:
    """Calls one module from another, over HTTP. Fulfils `modules.kernel.rpc.Channel`.

    The tokens of `identity` are for the audience of the module that is called, or for another one that is named.
    """

    def __init__(self, peer: Peer, identity: Identity, audience: str | None = None) -> None:
        self._peer = peer
        self._identity = identity
        self._audience = audience or peer.module

    async def call(self, method: Crossing[_P, _R], /, *arguments: _P.args, **named: _P.kwargs) -> _R:
        """The answer of the module, or the error that it answers with."""
        try:
            await self._peer.agree(method)
            told = await self._asked(method, method.question(*arguments, **named))
        except (ContractMismatch, NotAdmitted) as error:
            self._peer.noted(error.detail)
            raise
        except Unavailable as error:
            self._peer.troubled(error.detail)
            raise
        except asyncio.CancelledError:  # the time was over, or whoever waited has left
            self._peer.troubled(f"{self._peer.module} gives no answer")
            raise
        self._peer.answered()
        if not isinstance(told, _Refusal):
            return told
        if isinstance(told.error, ContractMismatch):  # it has become another release
            self._peer.troubled(told.error.detail)
        raise told.error

    async def _asked(self, method: Crossing[_P, _R], question: Mapping[str, Any]) -> _R | _Refusal:
        token = await self._identity.token(self._audience)
        status, content = await self._sent(method, question, token)
        if _is_identity_refused(status, content):
            self._identity.forget(self._audience, token)  # its key or its family may be gone: a new token, once
            token = await self._identity.token(self._audience)
            status, content = await self._sent(method, question, token)
        if status != httpx.codes.OK:
            return self._refusal(method, status, content)
        try:
            return method.read_answer(content, question)
        except ValueError as error:
            raise Unavailable(f"The answer of {self._peer.module} to {method.name} makes no sense: {error}.") from error

    async def _sent(self, method: Crossing[_P, _R], question: Mapping[str, Any], token: str) -> tuple[int, bytes]:
        headers = {
            "authorization": f"Bearer {token}",
            "content-type": "application/json",
            "traceparent": _span(),
            CONTRACT_HEADER: method.contract,
            DEADLINE_HEADER: str(max(1, int(left_s() * 1000))),
        }
        if (id_ := request_id.get()) is not None:
            headers["x-request-id"] = id_
        body = None if method.verb == "GET" else method.write(question)
        status, content = await self._peer.send(
            method.verb, method.path, headers, body, question if body is None else None
        )
        name = f"{self._peer.module}.{method.name}"
        PORT_BYTES.labels(name, "sent").inc(len(body or b""))
        PORT_BYTES.labels(name, "received").inc(len(content))
        return status, content

    def _refusal(self, method: Crossing[..., Any], status: int, content: bytes) -> _Refusal:
        """What an answer other than 200 means here.

        Raises:
            NotAdmitted: the peer does not let this service in.
            Unavailable: it is nothing that this system says.
        """
        name = f"{self._peer.module}.{method.name}"
        problem = _problem(content)
        code = problem.get("code")
        if _is_identity_refused(status, content):
            raise NotAdmitted(f"{self._peer.module} does not admit this service ({code or status}).")
        if status == httpx.codes.INTERNAL_SERVER_ERROR:
            return _Refusal(PeerFault(f"{name} failed there; its log has it under request {problem.get('request_id')}"))
        if status not in SAID or not isinstance(code, str):
            raise Unavailable(f"{name} was answered with status {status} and nothing that this system says.")
        return _Refusal(error_of(status, problem))


def _is_identity_refused(status: int, content: bytes) -> bool:
    """Whether this service is not admitted. A customer never hears of that: it is about no token of theirs."""
    if status == httpx.codes.FORBIDDEN:
        return _problem(content).get("code") in IDENTITY_REFUSED
    return status == httpx.codes.UNAUTHORIZED


def _problem(content: bytes) -> Mapping[str, Any]:
    try:
        document = orjson.loads(content)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _span() -> str:
    """The trace at hand with a span of its own, or a new one. Source: W3C Trace Context, 3.2."""
    trace = traceparent.get()
    if trace is None:
        return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-00"
    version, name, _, flags = trace.split("-")
    return f"{version}-{name}-{secrets.token_hex(8)}-{flags}"
