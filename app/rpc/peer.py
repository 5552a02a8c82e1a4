"""A module in another process, and the way its answers come."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp
import httpx
from httpx_aiohttp import HttpxAiohttpClient
from pydantic import TypeAdapter, ValidationError

from modules.kernel import rpc
from modules.kernel.errors import NotReached, Unavailable
from modules.kernel.rpc import ContractMismatch, Crossing

MIB = 1024 * 1024
MAX_ANSWER = 16 * MIB
PIECE = 64 * 1024
CONNECTIONS = 64
KEPT_ALIVE_S = 15.0  # less than the server keeps them
LOOK_WITHIN_S = 0.5
LOOK_AGAIN_AFTER_S = 1.0


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
                    within_s = min(rpc.DEFAULT_TIMEOUT_S, left_s())
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


async def _in_pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), PIECE):
        yield body[start : start + PIECE]


def left_s() -> float:
    """The time that the call at hand has."""
    remaining_s = rpc.remaining_s()
    return rpc.DEFAULT_TIMEOUT_S if remaining_s is None else remaining_s


def _unreached(module: str, error: Exception) -> Unavailable:
    """Whether a request has certainly gone nowhere. The transport calls a lost connection a time-out, too: its cause tells."""
    if isinstance(error.__cause__, aiohttp.ClientConnectorError):
        return NotReached(f"{module} gives no answer.")
    return Unavailable(f"{module} gives no answer ({type(error.__cause__ or error).__name__}).")
