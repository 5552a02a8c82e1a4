"""Bodies: read once, refused with the places that are wrong."""

from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from fastapi import Request
from pydantic import Field, TypeAdapter

from modules.kernel.errors import Invalid
from modules.web.body import FAULTS_LISTED, MalformedJson, UnsupportedMediaType, json_body, read_json


@dataclass(frozen=True)
class Line:
    """A line of the body."""

    quantity: Annotated[int, Field(ge=1, strict=True)]


@dataclass(frozen=True)
class Body:
    """What is sent."""

    lines: Annotated[tuple[Line, ...], Field(min_length=1)]


BODY = TypeAdapter(Body)


async def read(content: bytes, media_type: str = "application/json") -> Body:
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    headers = [(b"content-type", media_type.encode())]
    return await read_json(Request({"type": "http", "method": "POST", "headers": headers}, receive), BODY)


@pytest.mark.parametrize(
    "media_type",
    ["application/json", "APPLICATION/JSON; charset=utf-8", "application/vnd.shop+json", "application/json;"],
)
async def test_json_by_any_of_its_names_is_read(media_type: str) -> None:
    assert await read(b'{"lines": [{"quantity": 1}]}', media_type) == Body((Line(1),))


@pytest.mark.parametrize("media_type", ["", "text/json", "application/jsonp", "application/json+xml", "json"])
async def test_what_calls_itself_otherwise_is_not_read(media_type: str) -> None:
    with pytest.raises(UnsupportedMediaType):
        await read(b'{"lines": [{"quantity": 1}]}', media_type)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b"{}{}", b"[" * 10_000])
async def test_what_is_no_json_is_malformed(content: bytes) -> None:
    with pytest.raises(MalformedJson):
        await read(content)


async def test_each_place_that_is_wrong_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        await read(b'{"lines": [{"quantity": 0}, {"quantity": 1}, {}]}')

    pointers = [fault["pointer"] for fault in refused.value.details["errors"]]
    assert pointers == ["/lines/0/quantity", "/lines/2/quantity"]


async def test_of_many_places_some_are_named() -> None:
    with pytest.raises(Invalid) as refused:
        await read(b'{"lines": [' + b"0," * 500 + b"0]}")

    assert len(refused.value.details["errors"]) == FAULTS_LISTED


async def test_of_more_places_than_anybody_reads_only_the_number_is_told() -> None:
    with pytest.raises(Invalid) as refused:
        await read(b'{"lines": [' + b"0," * 50_000 + b"0]}")

    (fault,) = refused.value.details["errors"]
    assert (fault["pointer"], fault["code"]) == ("", "too_many_faults")
    assert int(fault["detail"].split()[0]) > 50_000


def test_the_document_shows_a_body_without_references() -> None:
    content = json_body(BODY)["requestBody"]["content"]["application/json"]["schema"]

    assert "$ref" not in str(content)
    assert content["properties"]["lines"]["items"]["properties"]["quantity"]["minimum"] == 1
