"""Cursors, entity tags, pointers: the words of HTTP that the modules share."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from fastapi import Request
from hypothesis import given
from hypothesis import strategies as st

from modules.kernel.errors import Invalid, PreconditionFailed
from modules.web.answer import cursor_of, etag, expected_version, not_modified, page, place_of
from modules.web.body import pointer

ID = UUID("0198c0de-0000-7000-8000-000000000000")
INSTANTS = st.datetimes(timezones=st.just(UTC))


def request(query: str = "", **headers: str) -> Request:
    """A request with these headers, underscores for hyphens."""
    raw = [(name.replace("_", "-").lower().encode(), value.encode("latin-1")) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/list",
            "headers": raw,
            "query_string": query.encode(),
            "server": ("x", 1),
        }
    )


@given(INSTANTS, st.uuids())
def test_a_cursor_leads_to_the_place_it_was_made_of(at: datetime, id_: UUID) -> None:
    assert place_of(cursor_of(at, id_)) == (at, id_)


@given(INSTANTS, st.uuids())
def test_a_cursor_needs_no_escaping_in_a_query(at: datetime, id_: UUID) -> None:
    cursor = cursor_of(at, id_)

    assert parse_qs(f"cursor={cursor}") == {"cursor": [cursor]}
    assert len(cursor) <= 200


@given(st.text(max_size=200))
def test_whatever_is_no_cursor_is_refused_or_a_place(text: str) -> None:
    with suppress(Invalid):
        place = place_of(text)

        assert place is not None
        assert place[0].utcoffset() == timedelta(0)


def test_a_cursor_that_is_none_is_named() -> None:
    with pytest.raises(Invalid) as refused:
        place_of("x")

    assert refused.value.details["errors"][0]["pointer"] == "/cursor"


def test_no_cursor_is_no_place() -> None:
    assert place_of(None) is None


def test_an_instant_in_another_zone_is_the_same_place() -> None:
    at = datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=5)))

    assert place_of(cursor_of(at, ID)) == (at.astimezone(UTC), ID)


@pytest.mark.parametrize(
    ("tags", "has_it"),
    [
        *(('"7"', True), ('W/"7"', True), ('"6", "7"', True), ("*", True), ('"5",W/"7"', True)),
        *(('"8"', False), ("7", False), ("", False), ('"77"', False), (",", False)),
    ],
)
def test_a_caller_who_has_the_version_is_told_so(tags: str, has_it: bool) -> None:  # noqa: FBT001  # a column of a table
    assert not_modified(request(If_None_Match=tags), 7) is has_it


def test_a_caller_who_names_no_version_gets_the_body() -> None:
    assert not not_modified(request(), 7)


@pytest.mark.parametrize(("headers", "version"), [({}, None), ({"If_Match": "*"}, None), ({"If_Match": etag(7)}, 7)])
def test_the_version_that_a_caller_changes_is_read(headers: Mapping[str, str], version: int | None) -> None:
    assert expected_version(request(**headers)) == version


@pytest.mark.parametrize("tag", ["", "7", 'W/"7"', '"x"', '"7', '"-7"', '"²"', '"1", "2"', f'"{"9" * 10}"'])
def test_a_tag_that_is_none_of_ours_matches_nothing(tag: str) -> None:
    with pytest.raises(PreconditionFailed):
        expected_version(request(If_Match=tag))


def test_the_next_page_is_asked_for_as_this_one_was() -> None:
    answer = page(request("status=placed&cursor=old&reference=a%26b", Host="shop"), [], "new")

    link, _, relation = answer.headers["Link"].partition("; ")
    assert relation == 'rel="next"'
    assert parse_qs(urlsplit(link.strip("<>")).query) == {"status": ["placed"], "cursor": ["new"], "reference": ["a&b"]}


def test_the_last_page_has_no_link() -> None:
    assert "Link" not in page(request(), [], None).headers


@pytest.mark.parametrize(
    ("place", "said"), [((), ""), (("lines", 0, "sku"), "/lines/0/sku"), (("a/b", "~c"), "/a~1b/~0c"), (("",), "/")]
)
def test_a_pointer_escapes_what_would_mislead(place: tuple[int | str, ...], said: str) -> None:
    assert pointer(place) == said
