"""Tokens that are got when they are needed, since what is done with them changes what they are worth."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx

from tests.adversarial.forge import Forge
from tests.adversarial.keys import b64, stranger

UNSIGNED = b64('{"alg":"none","typ":"at+jwt"}')
REFRESH = "refresh_token"
ACCESS = "access_token"

Fresh = Callable[[], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Client:
    """A client and where it gets its tokens."""

    http: httpx.AsyncClient
    id: str
    secret: str

    async def begin(self, **form: str) -> Mapping[str, Any]:
        """Tokens, for its credentials."""
        return await self.post("/auth/token", grant_type="client_credentials", **form)

    async def exchange(self, token: str) -> Mapping[str, Any]:
        """What it is answered to a refresh token."""
        return await self.post("/auth/token", grant_type=REFRESH, refresh_token=token)

    async def revoke(self, token: str) -> None:
        """Give a token back."""
        await self.post("/auth/revoke", token=token)

    async def post(self, path: str, **form: str) -> Mapping[str, Any]:
        """What it is answered to a form."""
        answer = await self.http.post(path, data=form, auth=(self.id, self.secret))
        return dict(answer.json()) if answer.content else {}


@dataclass(frozen=True, slots=True)
class Fresher:
    """Makes tokens of a client by the names under which rows ask for them."""

    client: Client
    signer: Client
    forger: Callable[[], Forge]

    def makers(self) -> Mapping[str, Fresh]:
        """What makes each, by its name."""
        return {
            "refresh": partial(self._token, REFRESH),
            "access": partial(self._token, ACCESS),
            "signer refresh": partial(self._signers, REFRESH),
            "signer access": partial(self._signers, ACCESS),
            "read refresh": partial(self._token, REFRESH, scope="orders:read"),
            "used refresh": self._used,
            "refresh after theft": self._stolen,
            "revoked refresh": partial(self._revoked, REFRESH, REFRESH),
            "revoked access": partial(self._revoked, ACCESS, REFRESH),
            "refresh of a revoked access": partial(self._revoked, REFRESH, ACCESS),
            "richer access": self._richer,
            "unsigned access": self._unsigned,
            "foreign access": self._foreign,
            "stale access": self._stale,
            "orphan access": self._orphan,
        }

    async def _token(self, kind: str, **form: str) -> str:
        return str((await self.client.begin(**form))[kind])

    async def _signers(self, kind: str) -> str:
        return str((await self.signer.begin())[kind])

    async def _exchanged(self) -> tuple[str, str]:
        first = await self._token(REFRESH)
        return first, str((await self.client.exchange(first))[REFRESH])

    async def _used(self) -> str:
        return (await self._exchanged())[0]

    async def _stolen(self) -> str:
        first, second = await self._exchanged()
        assert "error" in await self.client.exchange(first)
        return second

    async def _revoked(self, kind: str, given_back: str) -> str:
        tokens = await self.client.begin()
        await self.client.revoke(tokens[given_back])
        return str(tokens[kind])

    async def _richer(self) -> str:
        head, _, signature = (await self._token(ACCESS)).split(".")
        return f"{head}.{self.forger().parts()[1]}.{signature}"

    async def _unsigned(self) -> str:
        _, claims, _ = (await self._token(ACCESS)).split(".")
        return f"{UNSIGNED}.{claims}."

    async def _foreign(self) -> str:
        head, claims, _ = (await self._token(ACCESS)).split(".")
        return f"{head}.{claims}.{b64(self.forger().signature(f'{head}.{claims}', stranger()))}"

    async def _stale(self) -> str:
        forger = self.forger()
        return forger.saying(exp=forger.now - 3600)

    async def _orphan(self) -> str:
        return self.forger().good()
