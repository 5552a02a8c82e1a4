"""What the running system answers to every bad request."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from tests.system.bad import NOWHERE, Bad
from tests.system.bad_orders import ORDERS
from tests.system.bad_products import CATALOGUE
from tests.system.bad_reads import READS
from tests.system.bad_tokens import TOKENS
from tests.system.bad_writes import WRITES
from tests.system.forged import forgeries
from tests.system.parties import Party
from tests.system.running import Running

ROWS = {bad.name: bad for bad in (*ORDERS, *READS, *WRITES, *CATALOGUE, *TOKENS)}
AT_ONCE = 16
PARAMETER = re.compile(r"\{[^}]+\}")

Answers = Mapping[str, httpx.Response]


async def all_answers(system: Running, parties: Mapping[str, Party]) -> Answers:
    """What the system says to each row, all of them sent many at a time."""
    known = await subjects(parties)
    authorizations: dict[str, str | None] = {name: f"Bearer {party.token}" for name, party in parties.items()}
    authorizations |= await forgeries(system, parties["shop"])
    slots = asyncio.Semaphore(AT_ONCE)

    async def answer(bad: Bad, http: httpx.AsyncClient) -> httpx.Response:
        async with slots:
            return await send(http, bad, authorizations[bad.who], known)

    async with httpx.AsyncClient(base_url=system.url, timeout=30) as http:
        given = await asyncio.gather(*(answer(bad, http) for bad in ROWS.values()))
    return dict(zip(ROWS, given, strict=True))


async def subjects(parties: Mapping[str, Party]) -> Mapping[str, str]:
    """An order of the shop, on its way, and its shipment; and what nobody gets as far as looking for."""
    order = (await parties["shop"].order("subject", TEA=2, MUG=1)).json()["id"]
    async with asyncio.timeout(20):
        while not (found := await _shipments(parties["warehouse"], order)):
            pass
    unseen = dict.fromkeys(("{client}", "{secret}", "{key}"), NOWHERE)
    return {"{order}": order, "{shipment}": found[0]["id"], **unseen}


async def _shipments(warehouse: Party, order: str) -> Any:
    return (await warehouse.ask("GET", "/api/v1/shipments", params={"order_id": order})).json()["items"]


async def send(
    http: httpx.AsyncClient, bad: Bad, authorization: str | None, known: Mapping[str, str]
) -> httpx.Response:
    """Send a row as it is written, whatever it says."""
    path = PARAMETER.sub(lambda name: known[name[0]], bad.path)
    headers = [(name.encode(), value.encode("latin-1")) for name, value in bad.headers.items()]
    if authorization is not None:
        headers.append((b"Authorization", authorization.encode("latin-1")))
    content = _in_chunks(bad.content) if bad.chunked and bad.content else bad.content
    return await http.request(bad.method, f"{str(http.base_url).rstrip('/')}{path}", headers=headers, content=content)


async def _in_chunks(content: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]
