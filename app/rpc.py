"""Calls to modules in other processes: the client end of `modules/kernel/rpc.py`."""

import asyncio
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

import aiohttp
import httpx
import orjson
from httpx_aiohttp import HttpxAiohttpClient
from pydantic import TypeAdapter, ValidationError

from app.identity import Identity, NotAdmitted
from app.telemetry.logs import request_id
from app.telemetry.metrics import PORT_BYTES
from modules.kernel import rpc
from modules.kernel.errors import NotReached, Unavailable
from modules.kernel.events import traceparent
from modules.kernel.rpc import CONTRACT_HEADER, DEADLINE_HEADER, ContractMismatch, Crossing, PeerFault, error_of

_P = ParamSpec("_P")
_R = TypeVar("_R")

MIB = 1024 * 1024
MAX_ANSWER = 16 * MIB
PIECE = 64 * 1024
CONNECTIONS = 64
KEPT_ALIVE_S = 15.0  # less than the server keeps them
LOOK_WITHIN_S = 0.5
SIGN_IN_EVERY_S = 1.0
LOOK_AGAIN_AFTER_S = 1.0
SAID = frozenset({*range(400, 500), 503})
IDENTITY_REFUSED = frozenset({"insufficient_scope", "forbidden"})


def http_client() -> httpx.AsyncClient:
    """The one client of a process. Proxies are for the world outside, not for calls between our own modules."""
    return HttpxAiohttpClient(
        limits=httpx.Limits(max_connections=CONNECTIONS, keepalive_expiry=KEPT_ALIVE_S),
        verify=ssl.create_default_context(),
        trust_env=False,
        follow_redirects=False,
    )


@dataclass(frozen=True, slots=True)
class _Offer:
    """What a peer says that it serves: the contracts of each method."""

    methods: Mapping[str, tuple[str, ...]]


_OFFER = TypeAdapter(_Offer)


class Peer:
    """A module in another process: where it is, what it offers, and how it was when it was last asked."""

    def __init__(self, module: str, url: str, http: httpx.AsyncClient) -> None:
        self.module = module
        self.http = http
        self.url = url
        self.trouble: str | None = None
        self._offered: Mapping[str, Sequence[str]] | None = None
        self._told_at = self._looked_at = -LOOK_AGAIN_AFTER_S
        self._asking = asyncio.Lock()

    async def agree(self, method: Crossing[..., Any]) -> None:
        """Make sure that the peer serves what this process means by `method`.

        It is asked when it is first reached, after it gave no answer, and each second while the two do not agree.

        Raises:
            ContractMismatch: it does not.
            Unavailable: it does not say.
        """
        if not self._agrees(method):
            async with self._asking:  # one question for all who wait
                if not self._agrees(method) and self._is_stale():
                    within_s = min(rpc.DEFAULT_TIMEOUT_S, _left_s())
                    self._offered, self._told_at = await self._contract(within_s), time.monotonic()
        if not self._agrees(method):
            offered = (self._offered or {}).get(method.name, ())
            details = {"module": self.module, "method": method.name, "required": method.contract, "offered": offered}
            raise ContractMismatch(f"{self.module} does not serve {method.name} as this release knows it.", **details)

    def _agrees(self, method: Crossing[..., Any]) -> bool:
        return self._offered is not None and method.contract in self._offered.get(method.name, ())

    def _is_stale(self) -> bool:
        return self._offered is None or time.monotonic() - self._told_at >= LOOK_AGAIN_AFTER_S

    def answered(self) -> None:
        """Note that it answers."""
        self.trouble = None

    def troubled(self, what: str) -> None:
        """Note that it can't be worked with, and what it is: another release may be there when it is back."""
        self.trouble = what.removesuffix(".")
        self._offered = None

    def noted(self, what: str) -> None:
        """Note what keeps this process from working with it, though it may be well."""
        self.trouble = what.removesuffix(".")

    async def look(self) -> str | None:
        """What is wrong with it, as of a second ago at most; `None` where nothing is."""
        now = time.monotonic()
        if now - self._looked_at >= LOOK_AGAIN_AFTER_S:
            self._looked_at = now
            try:
                offered = await self._contract(LOOK_WITHIN_S)
            except Unavailable as error:
                self.troubled(error.detail)
            else:
                if self._offered != offered:
                    self._offered, self.trouble = offered, None
        return self.trouble

    async def _contract(self, within_s: float) -> Mapping[str, Sequence[str]]:
        try:
            async with asyncio.timeout(within_s):
                status, content = await self.send("GET", f"/internal/{self.module}/contract", {}, None)
            if status == httpx.codes.OK:
                return _OFFER.validate_json(content).methods
        except TimeoutError as error:
            raise NotReached(f"{self.module} gives no answer.") from error
        except Unavailable as error:  # whatever became of this question: none about the business was asked
            raise NotReached(error.detail) from error
        except ValidationError as error:
            raise NotReached(f"{self.module} does not say what it offers.") from error
        raise NotReached(f"{self.module} does not say what it offers (status {status}).")

    async def send(
        self,
        verb: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes | None,
        query: Mapping[str, Any] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of an answer.

        Raises:
            NotReached: nobody listens there.
            Unavailable: no answer came, or one that is too long.
        """
        parts: list[bytes] = []
        length = 0
        sent: bytes | AsyncIterator[bytes] | None = body
        if body is not None and len(body) > MIB:  # in one piece it would keep the loop from everything else
            headers, sent = {**headers, "content-length": str(len(body))}, _in_pieces(body)
        try:
            async with self.http.stream(
                verb, f"{self.url}{path}", headers=dict(headers), content=sent, params=query, timeout=None
            ) as answer:
                async for part in answer.aiter_bytes():
                    length += len(part)
                    if length > MAX_ANSWER:
                        raise Unavailable(f"The answer of {self.module} is longer than {MAX_ANSWER} bytes.")
                    parts.append(part)
                return answer.status_code, b"".join(parts)
        except (httpx.HTTPError, aiohttp.ClientError, OSError) as error:
            raise _unreached(self.module, error) from error


class Peers:
    """Everything that is in other processes, and as whom it is called.

    `placement` says where each module is, `services` with which secret each module here signs in at `auth_url`.
    """

    def __init__(self, placement: Mapping[str, str], services: Mapping[str, str], auth_url: str) -> None:
        self._http = http_client()
        self._identities = {module: Identity(module, secret, auth_url) for module, secret in services.items()}
        self._peers = {module: Peer(module, url, self._http) for module, url in placement.items()}

    def channel(self, caller: str, callee: str) -> "HttpChannel":
        """The way from a module here to one elsewhere."""
        return HttpChannel(self._peers[callee], self._identities[caller])

    async def sign_in(self, callees: Mapping[str, Sequence[str]]) -> None:
        """Have tokens at hand before they are needed, and renew them in time, until cancelled; so auth may be away.

        `callees` says for each module whom it calls.
        """
        while True:
            for caller, identity in self._identities.items():
                for callee in callees[caller]:
                    if callee in self._peers:
                        with suppress(NotReached):  # it says so itself
                            await identity.token(callee)
            await asyncio.sleep(SIGN_IN_EVERY_S)

    async def trouble(self) -> Mapping[str, str]:
        """What is wrong with whom, as of a second ago at most."""
        found = await asyncio.gather(*(peer.look() for peer in self._peers.values()))
        return {name: what for name, what in zip(self._peers, found, strict=True) if what is not None}

    async def close(self) -> None:
        """Leave nothing open."""
        for identity in self._identities.values():
            await identity.close()
        await self._http.aclose()


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
            DEADLINE_HEADER: str(max(1, int(_left_s() * 1000))),
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


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), PIECE):
        yield body[start : start + PIECE]


def _left_s() -> float:
    """The time that the call at hand has."""
    left_s = rpc.remaining_s()
    return rpc.DEFAULT_TIMEOUT_S if left_s is None else left_s


def _is_identity_refused(status: int, content: bytes) -> bool:
    """Whether this service is not admitted. A customer never hears of that: it is about no token of theirs."""
    if status == httpx.codes.FORBIDDEN:
        return _problem(content).get("code") in IDENTITY_REFUSED
    return status == httpx.codes.UNAUTHORIZED


def _unreached(module: str, error: Exception) -> Unavailable:
    """Whether a request has certainly gone nowhere. The transport calls a lost connection a time-out, too: its cause tells."""
    if isinstance(error.__cause__, aiohttp.ClientConnectorError):
        return NotReached(f"{module} gives no answer.")
    return Unavailable(f"{module} gives no answer ({type(error.__cause__ or error).__name__}).")


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
