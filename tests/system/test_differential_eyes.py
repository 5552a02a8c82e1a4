"""What the differential test takes for the same, and what it does not: its eyes, tried without a system."""

import base64
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.system.test_differential import difference
from tests.system.trace_names import Names, in_order
from tests.system.trace_played import shown

ONE, OTHER = "0198c0de-0000-7000-8000-00000000000a", "0198c0de-0000-7000-8000-00000000000b"
NOW, SOON = datetime.now(UTC), datetime.now(UTC) + timedelta(seconds=20)
HOUR = timedelta(hours=1)


def _part(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _token(scope: str = "orders:read", at: datetime = NOW, lives_s: int = 300, key: str = "k1") -> str:
    claims = {"scope": scope, "iat": int(at.timestamp()), "exp": int(at.timestamp()) + lives_s}
    return f"{_part({'alg': 'ES256', 'kid': key})}.{_part(claims)}.signature"


def _cursor(at: datetime, id_: str) -> str:
    return base64.urlsafe_b64encode(f"{at.isoformat()} {id_}".encode()).decode().rstrip("=")


def _answer(status: int = 200, headers: Mapping[str, str] | None = None, **members: Any) -> list[str]:
    given = {"etag": '"1"', "date": NOW.isoformat()} | dict(headers or {})
    return ["# a request", *shown(httpx.Response(status, headers=given, json=members), Names({}))]


def _rows(*rows: Mapping[str, Any]) -> list[str]:
    return ["# sales.order", *in_order(Names({}), rows)]


SAME: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "ids by the order in which they come": (_answer(id=ONE, again=ONE), _answer(id=OTHER, again=OTHER)),
    "instants of the run": (_answer(at=NOW.isoformat()), _answer(at=SOON.isoformat())),
    "tokens that say the same": (_answer(access_token=_token()), _answer(access_token=_token(at=SOON, key="k2"))),
    "cursors to the same place": (_answer(next=_cursor(NOW, ONE)), _answer(next=_cursor(SOON, OTHER))),
    "addresses": (_answer(iss="http://127.0.0.1:3000"), _answer(iss="http://127.0.0.1:40123")),
    "the date of an answer": (_answer(), _answer(headers={"date": SOON.isoformat()})),
    "rows in another order": (_rows({"a": 1}, {"a": 2}), _rows({"a": 2}, {"a": 1})),
    "rows with other ids": (
        _rows({"id": ONE, "n": 1}, {"id": OTHER, "n": 2}),
        _rows({"id": OTHER, "n": 1}, {"id": ONE, "n": 2}),
    ),
}
OTHERS: Mapping[str, tuple[Sequence[str], Sequence[str]]] = {
    "another status": (_answer(), _answer(201)),
    "a header that is missing": (_answer(headers={"location": "/here"}), _answer()),
    "another header": (_answer(), _answer(headers={"etag": '"2"'})),
    "a wrong length": (_answer(), _answer(headers={"content-length": "7"})),
    "a member that is missing": (_answer(a=1, b=None), _answer(a=1)),
    "another member": (_answer(total=2150), _answer(total=2151)),
    "members in another order": (_answer(a=1, b=2), _answer(b=2, a=1)),
    "a number that is a text": (_answer(a=1), _answer(a="1")),
    "two ids for one": (_answer(id=ONE, again=ONE), _answer(id=ONE, again=OTHER)),
    "an instant of another hour": (_answer(at=NOW.isoformat()), _answer(at=(NOW + HOUR).isoformat())),
    "an instant that somebody said": (_answer(at="2024-02-29T11:00:00Z"), _answer(at="2024-02-29T12:00:00Z")),
    "an instant that is none": (_answer(at=NOW.isoformat()), _answer(at=None)),
    "a token with more scope": (_answer(t=_token()), _answer(t=_token("orders:write"))),
    "a token with a longer life": (_answer(t=_token()), _answer(t=_token(lives_s=3600))),
    "a cursor to another place": (_answer(id=ONE, next=_cursor(NOW, ONE)), _answer(id=ONE, next=_cursor(NOW, OTHER))),
    "a row that is missing": (_rows({"a": 1}, {"a": 2}), _rows({"a": 1})),
    "a row too many": (_rows({"a": 1}), _rows({"a": 1}, {"a": 1})),
    "another row": (_rows({"id": ONE, "status": "placed"}), _rows({"id": ONE, "status": "confirmed"})),
    "rows about one thing, and about two": (_rows({"id": ONE, "of": ONE}), _rows({"id": ONE, "of": OTHER})),
}


@pytest.mark.parametrize("what", SAME)
def test_chance_is_no_difference(what: str) -> None:
    one, other = SAME[what]

    assert not (found := difference(one, other)), found


@pytest.mark.parametrize("what", OTHERS)
def test_a_difference_is_seen_and_said_where_it_is(what: str) -> None:
    one, other = OTHERS[what]

    found = difference(one, other)

    assert [line for line in found.splitlines()[2:] if line.startswith(("-", "+"))]
    assert one[0].removeprefix("# ") in found
