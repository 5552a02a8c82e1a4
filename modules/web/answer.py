"""Answers: JSON by a fast encoder, pages with a cursor, versions as entity tags."""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
from fastapi import Request, Response
from pydantic import BaseModel

from modules.kernel.errors import Invalid, PreconditionFailed

_T = TypeVar("_T")

VERSION = re.compile(r'"([0-9]{1,9})"')
OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


class Page(BaseModel, Generic[_T]):
    """Some of a list, and the cursor of the page that follows; none where this is the last."""

    items: list[_T]
    next: str | None


def json_answer(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """`content` (dataclasses, UUIDs and instants included) as JSON."""
    return Response(orjson.dumps(content, option=OPTIONS), status, dict(headers or {}), media_type="application/json")


def etag(version: int) -> str:
    """The entity tag of a version. Source: RFC 9110, 8.8.3."""
    return f'"{version}"'


def not_modified(request: Request, version: int) -> bool:
    """Whether the caller has this version already (`If-None-Match`)."""
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag(version) in tags or "*" in tags


def expected_version(request: Request) -> int | None:
    """The version that the caller changes (`If-Match`); `None` where it names none.

    Raises:
        PreconditionFailed: the tag is none that this service gives.
    """
    tag = request.headers.get("if-match")
    if tag is None or tag.strip() == "*":
        return None
    number = VERSION.fullmatch(tag.strip())
    if number is None:
        raise PreconditionFailed("If-Match is not an entity tag of this resource.")
    return int(number[1])


def page(request: Request, items: Sequence[Any], cursor: str | None) -> Response:
    """A page of a list, with the link to the next one where there is one. Source: RFC 8288."""
    headers = {}
    if cursor is not None:
        query = dict(request.query_params) | {"cursor": cursor}
        headers["Link"] = f'<{request.url.path}?{urlencode(query)}>; rel="next"'
    return json_answer({"items": items, "next": cursor}, headers=headers)


def cursor_of(at: datetime, id_: UUID) -> str:
    """The opaque place in a list that is ordered by instant and id."""
    return base64.urlsafe_b64encode(f"{at.isoformat()} {id_}".encode()).decode().rstrip("=")


def place_of(cursor: str | None) -> tuple[datetime, UUID] | None:
    """The place behind an opaque cursor.

    Raises:
        Invalid: it is no cursor of ours.
    """
    if cursor is None:
        return None
    try:
        at, id_ = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().rsplit(" ", 1)
        return datetime.fromisoformat(at).astimezone(UTC), UUID(id_)
    except (ValueError, OverflowError, binascii.Error):
        fault = {"pointer": "/cursor", "code": "cursor", "detail": "Not a cursor that a list of ours gave."}
        raise Invalid("The cursor is none that a list of ours gave.", errors=[fault]) from None
