"""HTTP by hand, over a socket: a client library would tidy up what is to be sent as it is."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TIMEOUT_S = 20.0
CHUNK = 65_536


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. Headers by their names in lower case; status 0 where nothing did."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def lasting(self) -> tuple[int, dict[str, str], bytes]:
        """All of it but what is different each time."""
        passing = {"date", "x-request-id"}
        return self.status, {name: value for name, value in self.headers.items() if name not in passing}, self.body


def written(request: str, headers: Sequence[str], body: bytes, *, chunked: bool = False) -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{request} HTTP/1.1", "Host: waybill.example", *headers]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
        parts = [body[start : start + CHUNK] for start in range(0, len(body), CHUNK)]
        body = b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in [*parts, b""])
    elif body or request.startswith("POST"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


async def exchange(url: str, sent: bytes, times: int = 1) -> Sequence[Answer]:
    """Send these bytes, so often at once, each on a connection that is open before; and read an answer to each."""
    host, port = url.removeprefix("http://").split(":")
    async with asyncio.timeout(TIMEOUT_S):
        connections = [await asyncio.open_connection(host, int(port)) for _ in range(times)]
        try:
            for _, writer in connections:
                # Not drained: a body that is too large is refused before all of it is read.
                writer.write(sent)
            return [await _answer(reader) for reader, _ in connections]
        finally:
            for _, writer in connections:
                writer.transport.abort()


async def _answer(reader: asyncio.StreamReader) -> Answer:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return Answer(0)
    first, *lines = head.decode("latin-1").split("\r\n")[:-2]
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = ", ".join([*filter(None, [headers.get(name.lower())]), value.strip()])
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Answer(int(first.split()[1]), headers, body)
