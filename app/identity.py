"""As whom a module of ours calls another: tokens of its own, fetched like any client's and renewed in time."""

import asyncio
import re
import time
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from authlib.common.errors import AuthlibBaseError  # type: ignore[import-untyped]
from loguru import logger

from app.service_key import ALGORITHM
from modules.auth.port import audience_urn
from modules.kernel.errors import NotReached
from modules.kernel.ids import service_id
from modules.kernel.principal import INTERNAL_SCOPE

FETCHED_WITHIN_S = 2.0
TRIED_AGAIN_AFTER_S = 5.0
CLOCKS_DIFFER_BY_S = 300
"""At most, and for so long what this service signs is good, on either side of its own clock: it is used at once."""
TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # Source: RFC 6750, 2.1


class NotAdmitted(NotReached):
    """This service is not let in, be it by auth or by whom it calls: nothing was asked."""


@dataclass(slots=True)
class _Held:
    """A token: when to fetch the next, and when it is over, on a clock that never goes back."""

    text: str
    renew_at: float
    over_at: float


class Identity:
    """The tokens of one module of ours, one for each audience that it calls. They are renewed at half of their life.

    It signs in at `auth_url` with its private `key`, in PEM. What it signs is for `issuer`, as which the world knows auth.

    While auth is away the token at hand is used until it is over.
    """

    def __init__(
        self,
        service: str,
        key: str,
        auth_url: str,
        issuer: str,
        *,
        within_s: float = FETCHED_WITHIN_S,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._service = service
        self._within_s = within_s
        self._steady = steady
        self._endpoint = f"{auth_url}/auth/token"
        self._held: dict[str, _Held] = {}
        self._fetching: dict[str, asyncio.Task[str]] = {}
        self._client = _oauth_client(str(service_id(service)), key, issuer)

    async def token(self, audience: str) -> str:
        """A token that opens `audience` (a short word).

        Raises:
            NotAdmitted: there is none, and auth gives none.
        """
        held, now = self._held.get(audience), self._steady()
        if held is None or now >= held.over_at:
            return await asyncio.shield(self._fetch(audience))
        if now >= held.renew_at:
            held.renew_at = now + TRIED_AGAIN_AFTER_S
            self._fetch(audience)  # meanwhile the old one is good
        return held.text

    def forget(self, audience: str, refused: str) -> None:
        """Fetch a new token next time: this one was refused. Another that was fetched since is kept."""
        held = self._held.get(audience)
        if held is not None and held.text == refused:
            del self._held[audience]

    async def close(self) -> None:
        """Leave nothing open."""
        for task in self._fetching.values():
            task.cancel()
        await self._client.aclose()

    def _fetch(self, audience: str) -> "asyncio.Task[str]":
        """One request for all who wait for a token of this audience."""
        task = self._fetching.get(audience)
        if task is None:
            task = self._fetching[audience] = asyncio.create_task(self._fetched(audience))
            task.add_done_callback(lambda done: self._done(audience, done))
        return task

    def _done(self, audience: str, task: "asyncio.Task[str]") -> None:
        self._fetching.pop(audience, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("{} gets no token for {}: {}", self._service, audience, error)

    async def _fetched(self, audience: str) -> str:
        began = self._steady()
        try:
            async with asyncio.timeout(self._within_s):  # all of it: an answer may come letter by letter
                told: dict[str, Any] = await self._client.fetch_token(
                    self._endpoint,
                    grant_type="client_credentials",
                    scope=INTERNAL_SCOPE,
                    resource=audience_urn(audience),
                )
            held = _read(told, began)
        except AuthlibBaseError as error:
            raise NotAdmitted(f"Auth does not admit the service {self._service} ({error.error}).") from error
        except (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError) as error:
            raise NotAdmitted(f"Auth gives no token ({type(error).__name__}).") from error
        self._held[audience] = held
        return held.text


def _read(told: Mapping[str, Any], began: float) -> _Held:
    """The token of an answer to a question that was asked at `began`.

    Raises:
        ValueError, KeyError, TypeError: it holds none.
    """
    if not TOKEN.fullmatch(told["access_token"]):
        raise ValueError("not a bearer token")
    return _Held(told["access_token"], began + told["expires_in"] / 2, began + told["expires_in"])


def _oauth_client(client_id: str, key: str, issuer: str) -> Any:
    """A client for tokens, authlib's. Imported only where modules are elsewhere: it takes a while."""
    from authlib import deprecate  # type: ignore[import-untyped]

    with warnings.catch_warnings():
        # It would rather have httpx's successor, which is not what this system is built on.
        warnings.simplefilter("ignore", deprecate.AuthlibDeprecationWarning)
        from authlib.integrations.httpx_client import AsyncOAuth2Client  # type: ignore[import-untyped]
    from authlib.oauth2.rfc7523 import PrivateKeyJWT, private_key_jwt_sign  # type: ignore[import-untyped]
    from joserfc.jwk import ECKey

    class Assertion(PrivateKeyJWT):  # type: ignore[misc]
        """What auth takes although the clocks differ: it refuses what was issued in its future."""

        def sign(self, auth: Any, token_endpoint: str) -> Any:
            now = int(time.time())
            times = {"issued_at": now - CLOCKS_DIFFER_BY_S, "expires_at": now + CLOCKS_DIFFER_BY_S}
            return private_key_jwt_sign(auth.client_secret, auth.client_id, token_endpoint, alg=self.alg, **times)

    return AsyncOAuth2Client(
        client_id,
        ECKey.import_key(key),
        token_endpoint_auth_method=Assertion(issuer, alg=ALGORITHM),
        timeout=FETCHED_WITHIN_S,
        trust_env=False,
    )
