"""A running system as a customer's developer has it: two addresses, and the credentials of a client."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import httpx
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.processes import until
from tests.system.commands import command
from tests.system.parties import SHIP_TO
from tests.system.running import Running

CATALOGUE = "sku,name,unit_price,currency,on_hand\nTEA,Tea,450,EUR,1000000\n"
PrivateKey: TypeAlias = ECKey | OKPKey | RSAKey
ORDER: Mapping[str, Any] = {"lines": [{"sku": "TEA", "quantity": 2}], "ship_to": SHIP_TO}
TIMEOUT_S = 10.0
OUT_WITHIN_S = 10.0  # how soon it is, others tell: here it is about who says so


@dataclass(frozen=True)
class Credentials:
    """What an operator hands out when a client is registered."""

    client_id: str
    client_secret: str


@dataclass(frozen=True)
class Place:
    """Where tokens are to be had, and where orders are placed: one address, or two."""

    system: Running

    @property
    def issuer(self) -> str:
        return self.system.run.url("auth")

    @property
    def api(self) -> str:
        return self.system.run.url("sales")

    @property
    def orders(self) -> str:
        return f"{self.api}/api/v1/orders"

    def client(self, *scopes: str, audiences: Sequence[str] = ("sales",)) -> Credentials:
        """A new client, made by the command line."""
        words = ["client", "create", "foreign", "--json"]
        words += [word for scope in scopes or ("orders:read", "orders:write") for word in ("--scope", scope)]
        words += [word for audience in audiences for word in ("--audience", audience)]
        told = command(*words, data=self.system.data).json
        return Credentials(told["client_id"], told["client_secret"])

    def trust(self, client: Credentials, key: PrivateKey) -> None:
        """Let a client sign in by what it signs with a key."""
        file = self.system.data.with_name("key.pem")
        file.write_bytes(key.as_pem(private=False))
        assert command("client", "add-key", client.client_id, file, data=self.system.data).code == 0

    def described(self) -> Mapping[str, Any]:
        """What the token service says of itself, for clients that leave the asking to others. Source: RFC 8414, 3."""
        answer = httpx.get(f"{self.issuer}/.well-known/oauth-authorization-server", timeout=TIMEOUT_S)
        told: Mapping[str, Any] = answer.raise_for_status().json()
        return told


def placed(answer: Any) -> str:
    """The id of the order that an answer of any HTTP client tells of."""
    assert answer.status_code == 201, answer.text
    assert answer.json()["total"] == {"amount": 900, "currency": "EUR"}
    return str(answer.json()["id"])


def listed(answer: Any, order_id: str) -> None:
    """See that the list of orders holds this one, and no other client's."""
    assert answer.status_code == 200, answer.text
    assert [order["id"] for order in answer.json()["items"]] == [order_id]


def refused(ask: Callable[[], Any]) -> None:
    """See that a token is no good any more, once word has come round."""
    answers: list[Any] = []

    def other() -> bool:
        answers.append(ask())
        return bool(answers[-1].status_code != 200)

    until(other, OUT_WITHIN_S)
    _invalid_token(answers[-1])


async def refused_later(ask: Callable[[], Awaitable[Any]]) -> None:
    """The same, for clients that don't block."""
    async with asyncio.timeout(OUT_WITHIN_S):
        while (answer := await ask()).status_code == 200:  # noqa: ASYNC110  news from afar
            await asyncio.sleep(0.01)
    _invalid_token(answer)


def _invalid_token(answer: Any) -> None:
    assert answer.status_code == 401, answer.text
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
