"""Bad requests: what is sent, by whom, and the refusal that the documentation promises."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.system.parties import SHIP_TO

JSON = {"Content-Type": "application/json"}
LINE = {"sku": "TEA", "quantity": 1}
NOWHERE = "0198c0de-0000-7000-8000-000000000000"


@dataclass(frozen=True)
class Bad:
    """A request that is refused. `{order}` and `{shipment}` in its path stand for those of the shop."""

    name: str
    request: str
    status: int
    code: str
    pointer: str | None = None
    who: str = "shop"
    content: bytes | None = None
    chunked: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    answers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        return self.request.split(" ", 1)[0]

    @property
    def path(self) -> str:
        return self.request.split(" ", 1)[1]


def sent(body: Any) -> bytes:
    """A body as JSON; numbers of any size as they are."""
    return json.dumps(body).encode()


def order(**changes: Any) -> bytes:
    """A good order but for these members."""
    return sent({"lines": [LINE], "ship_to": SHIP_TO} | changes)


def of_quantity(quantity: str) -> bytes:
    """An order of that many, as it is written."""
    return order().replace(b'"quantity": 1', b'"quantity": ' + quantity.encode())


def each(
    rows: Sequence[tuple[str, bytes, str]], request: str, *, who: str, status: int = 422, code: str = "invalid"
) -> list[Bad]:
    """A row for each (name, body, pointer) that one endpoint refuses alike."""
    return [
        Bad(f"{request} with {name}", request, status, code, pointer, who, content, headers=JSON | keyed(request))
        for name, content, pointer in rows
    ]


def keyed(request: str) -> dict[str, str]:
    """The key that a report or a split needs, so that it is refused for its body."""
    return {"Idempotency-Key": "bad"} if request.endswith(("/status", "/split")) else {}


def no_json(request: str, who: str) -> list[Bad]:
    """Bodies that are no JSON, too much of it, or not called so: refused alike wherever a body is read."""
    broken = {
        "nothing": b"",
        "half an object": b'{"lines": [',
        "a word": b"hello",
        "two objects": b"{}{}",
        "invalid UTF-8": b'{"reference": "\xff\xfe"}',
        "UTF-16": '{"lines": []}'.encode("utf-16"),
        "a byte order mark": b"\xef\xbb\xbf{}",
        "a lone surrogate": rb'{"reference": "\ud800"}',
        "a raw control character": b'{"reference": "a\nb"}',
        "NaN": b'{"lines": NaN}'.replace(b"NaN", b"nan"),
        "a number of 5,000 digits": b'{"lines": ' + b"1" * 5000 + b"}",
        "a thousand brackets": b"[" * 1000 + b"]" * 1000,
        "a hundred thousand brackets": b"[" * 100_000,
    }
    rows = [
        Bad(f"{request}: {name}", request, 400, "malformed_json", None, who, content, headers=JSON | keyed(request))
        for name, content in broken.items()
    ]
    types = ("text/plain", "application/x-www-form-urlencoded", "application/jsonx", "multipart/form-data", "json", "")
    rows += [
        Bad(
            f"{request} as {media_type or 'nothing'}",
            request,
            415,
            "unsupported_media_type",
            who=who,
            content=order(),
            headers={"Content-Type": media_type} | keyed(request),
        )
        for media_type in types
    ]
    return rows


def too_large(request: str, who: str, size: int = 2 * 1024 * 1024) -> list[Bad]:
    """A body over the bound: announced, or coming in chunks."""
    content = b'{"reference": "' + b"x" * size + b'"}'
    return [
        Bad(
            f"{request}: {size} bytes{how}",
            request,
            413,
            "body_too_large",
            None,
            who,
            content,
            chunked,
            JSON | keyed(request),
        )
        for how, chunked in ((", announced", False), (" in chunks", True))
    ]
