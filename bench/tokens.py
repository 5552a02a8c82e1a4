"""Tokens a second in one process, beside an echo of the same form; and a seen token's check, beside a hash of it."""

import base64
import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlencode

import httpx
import orjson
import psycopg

from app.operator import assembled, operating
from app.supervisor.runfile import RunFile
from app.verifier import LocalVerifier
from bench.load import HEAD_END, Load, converse, drive
from bench.orders import Setting
from bench.system import echoing, free_port, running
from modules.auth.port import AuthOperatorPort, ClientCreated, ClientKind

# On, as it is in earnest, and never in the way; nor is what the oracle counts given up meanwhile.
LIMITED = {
    "WAYBILL_LIMITS__ENABLED": "true",
    "WAYBILL_LIMITS__ADDRESS": "1000000/second",
    "WAYBILL_LIMITS__EVERYONE": "1000000/second",
    "WAYBILL_TOKENS__FAMILIES": "1000000",
}
ISSUE = {"grant_type": "client_credentials"}
SLICES = 4
"""Of a round: a core is twice as fast in one second as in the next."""
BURSTS = 40
A_BURST = 1000
AS_LONG = 0.05
"""By how much the echo's answer may be longer or shorter than auth's."""

STORED = """
    SELECT count(DISTINCT f.id), count(*), count(*) FILTER (WHERE f.revoked_at IS NOT NULL)
    FROM token_family f JOIN refresh_token r ON r.family_id = f.id WHERE f.client_id = ANY(%s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class TokenRound:
    """One interleaved round. `verify_us` is one check of a seen token, `hash_us` its SHA-256 and a look-up in a dict."""

    echo: Load
    issue: Load
    refresh: Load
    verify_us: float
    hash_us: float


class Family:
    """A client's refresh tokens, each spent for the next: a `Talk`."""

    def __init__(self, client: ClientCreated, first: str) -> None:
        self._client = client
        self._token = first

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """The exchange of the token that it has now."""
        return form(self._client, {"grant_type": "refresh_token", "refresh_token": self._token})

    def hear(self, body: bytes) -> None:
        """Take the next token, where there is one: a refusal shows in the statuses."""
        self._token = orjson.loads(body).get("refresh_token", self._token)


def form(client: ClientCreated, parameters: dict[str, str]) -> bytes:
    """A token request as it goes over the wire, the client's secret in its header."""
    body = urlencode(parameters).encode()
    basic = base64.b64encode(f"{client.client.id}:{client.client_secret}".encode()).decode()
    lines = [
        "POST /auth/token HTTP/1.1",
        "Host: 127.0.0.1",
        f"Authorization: Basic {basic}",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join(lines).encode() + HEAD_END + body


async def measure(data: Path, setting: Setting) -> Sequence[TokenRound]:
    """Rounds against a system of its own in `data`; each connection is another client.

    Raises:
        AssertionError: a token was refused, or is not stored as it was answered: then no throughput means anything.
    """
    with running(data, free_port(), variables=LIMITED) as run, echoing(data, run) as echo_port:
        async with operating(data) as operator, assembled(data) as container:
            await (verifier := container.verifier()).learn(container.auth_port())
            clients = await customers(operator.auth, setting.connections)
            side = Side(run, echo_port, clients, setting)
            await side.begin()
            rounds = [await side.round(verifier) for _ in range(setting.rounds)]
            side.check()
    return rounds


async def customers(auth: AuthOperatorPort, number: int) -> Sequence[ClientCreated]:
    """So many clients that may place orders."""
    scopes = ["orders:read", "orders:write"]
    return [
        await auth.create_client("bench", f"bench-{n}", scopes, ["sales"], ClientKind.CUSTOMER) for n in range(number)
    ]


async def issued(http: httpx.AsyncClient, url: str, client: ClientCreated) -> httpx.Response:
    """What a client is answered that asks for tokens at `url`."""
    answer = await http.post(f"{url}/auth/token", data=ISSUE, auth=(client.client.id, client.client_secret))
    return answer.raise_for_status()


class Side:
    """The system and its echo, and what was answered so far."""

    def __init__(self, run: RunFile, echo_port: int, clients: Sequence[ClientCreated], setting: Setting) -> None:
        self._run = run
        self._port = int(run.url("auth").rpartition(":")[2])
        self._echo_port = echo_port
        self._clients = clients
        self._setting = setting
        self._families: list[Family] = []
        self._token = ""
        self._issued: list[Load] = []
        self._refreshed: list[Load] = []

    async def begin(self) -> None:
        """A family for each client, and what comes before the first round."""
        async with httpx.AsyncClient() as http:
            answers = [await issued(http, self._run.url("auth"), client) for client in self._clients]
            echo = await issued(http, f"http://127.0.0.1:{self._echo_port}", self._clients[0])
        sizes = len(answers[0].content), len(echo.content)
        assert abs(sizes[1] - sizes[0]) <= AS_LONG * sizes[0], f"auth answers {sizes[0]} bytes, its echo {sizes[1]}"  # noqa: S101
        for client, answer in zip(self._clients, answers, strict=True):
            self._families.append(Family(client, answer.json()["refresh_token"]))
        self._token = answers[-1].json()["access_token"]
        for warm in (self._echo, self._issue, self._refresh):
            await warm(1.0)

    async def round(self, verifier: LocalVerifier) -> TokenRound:
        """Echo, issue and refresh in turn, a slice at a time, and checks while the servers rest."""
        echo, issue, refresh = Load(), Load(), Load()
        for _ in range(SLICES):
            for load, driven in ((echo, self._echo), (issue, self._issue), (refresh, self._refresh)):
                load.add(await driven(self._setting.seconds / SLICES))
        return TokenRound(echo, issue, refresh, *checks(verifier, self._token))

    def check(self) -> None:
        """Every 200 is a stored token, and every stored token was answered.

        Raises:
            AssertionError: that is not so.
        """
        for load in (*self._issued, *self._refreshed):
            assert set(load.statuses) == {200}, f"answers other than 200: {load.statuses}"  # noqa: S101  # an oracle
        with psycopg.connect(self._run.databases["auth"]) as connection:
            row = connection.execute(STORED, ([one.client.id for one in self._clients],)).fetchone()
        begun = len(self._families) + sum(load.statuses[200] for load in self._issued)
        spent = sum(load.statuses[200] for load in self._refreshed)
        assert row == (begun, begun + spent, 0), f"{begun} families and {spent} refreshed, but {row} stored"  # noqa: S101

    async def _echo(self, seconds: float) -> Load:
        return await self._drive(self._echo_port, seconds)

    async def _issue(self, seconds: float) -> Load:
        self._issued.append(await self._drive(self._port, seconds))
        return self._issued[-1]

    async def _refresh(self, seconds: float) -> Load:
        self._refreshed.append(await converse(self._port, self._families, seconds=seconds))
        return self._refreshed[-1]

    async def _drive(self, port: int, seconds: float) -> Load:
        requests = itertools.cycle([form(client, ISSUE) for client in self._clients])
        return await drive(port, requests, connections=self._setting.connections, seconds=seconds)


def checks(verifier: LocalVerifier, token: str) -> tuple[float, float]:
    """Microseconds of one check of a seen token, and of its SHA-256 with a look-up in a dict, in bursts by turns."""
    known = {sha256(token.encode()).digest(): token}

    def check() -> None:
        for _ in range(A_BURST):
            verifier.verify(token, "sales")

    def look_up() -> None:
        for _ in range(A_BURST):
            known[sha256(token.encode()).digest()]

    check()
    bursts = [(_us(check), _us(look_up)) for _ in range(BURSTS)]
    return statistics.median(one for one, _ in bursts), statistics.median(one for _, one in bursts)


def _us(burst: Callable[[], None]) -> float:
    began = time.perf_counter()
    burst()
    return (time.perf_counter() - began) / A_BURST * 1e6
