"""Events as CloudEvents, there and back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, ClassVar
from uuid import UUID

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from modules.kernel.events import Event, cloud_event, payload, read, source_of, written

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
ZONES = st.integers(-86399, 86399).map(lambda offset_s: timezone(timedelta(seconds=offset_s)))
EVENTS = st.builds(
    Event,
    id=st.uuids(),
    source=st.sampled_from(["sales", "delivery"]).map(source_of),
    type=st.from_regex(r"waybill(\.[a-z_]{1,9}){1,3}\.v[1-9]", fullmatch=True),
    subject=st.uuids(),
    sequence=st.integers(1, 2**31 - 1),
    time=st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=ZONES),  # noqa: DTZ001  the zones are drawn
    data=st.dictionaries(TEXT, JSON, max_size=4),
    traceparent=st.none() | st.from_regex(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", fullmatch=True),
)
EVENT = Event(UUID(int=1), source_of("sales"), "t.v1", UUID(int=2), 3, datetime(2026, 1, 1, tzinfo=UTC), {"a": 1})


@given(EVENTS)
def test_an_event_comes_back_from_its_json_as_it_was(event: Event) -> None:
    assert read(written(event)) == event


@given(EVENTS)
def test_a_cloud_event_has_what_the_specification_asks_for(event: Event) -> None:
    document = cloud_event(event)
    assert document["specversion"] == "1.0"
    assert all(document[member] for member in ("id", "source", "type"))
    assert all(name.isalnum() and name == name.lower() for name in document)
    assert all(isinstance(value, str) for name, value in document.items() if name != "data")


@given(EVENTS, EVENTS)
def test_the_numbers_of_two_events_compare_as_text_as_they_do_as_numbers(one: Event, other: Event) -> None:
    texts = cloud_event(one)["sequence"], cloud_event(other)["sequence"]
    assert (texts[0] < texts[1]) == (one.sequence < other.sequence)


@given(EVENTS)
def test_a_number_without_leading_zeros_is_read_as_it_was_written_before(event: Event) -> None:
    assert read(orjson.dumps(cloud_event(event) | {"sequence": str(event.sequence)})) == event


def test_an_event_without_a_trace_has_no_member_for_it() -> None:
    assert "traceparent" not in cloud_event(EVENT)


@pytest.mark.parametrize("member", ["specversion", "id", "source", "type", "subject", "sequence", "time", "data"])
def test_a_document_that_lacks_a_member_is_refused_by_name(member: str) -> None:
    document = {name: value for name, value in cloud_event(EVENT).items() if name != member}
    with pytest.raises(ValueError, match=member):
        read(orjson.dumps(document))


@given(st.sampled_from(sorted({*cloud_event(EVENT), "traceparent"})), JSON | st.floats())
def test_a_document_with_rubbish_in_it_is_an_event_or_a_value_error(member: str, rubbish: Any) -> None:
    try:
        event = read(orjson.dumps(cloud_event(EVENT) | {member: rubbish}))
    except ValueError:
        return
    assert cloud_event(event).keys() >= cloud_event(EVENT).keys()


@pytest.mark.parametrize(
    ("member", "rubbish"),
    [
        ("specversion", "0.3"),
        ("specversion", 1.0),
        ("id", 5),
        ("source", 5),
        ("type", None),
        ("sequence", 0),
        ("sequence", "x"),
        ("time", 5),
        ("data", []),
    ],
)
def test_a_member_that_is_not_what_it_should_be_is_refused(member: str, rubbish: Any) -> None:
    with pytest.raises(ValueError, match="not an event of ours"):
        read(orjson.dumps(cloud_event(EVENT) | {member: rubbish}))


def test_a_time_that_does_not_say_where_is_refused() -> None:
    with pytest.raises(ValueError, match="time"):
        read(orjson.dumps(cloud_event(EVENT) | {"time": "2026-01-01T00:00:00"}))


@dataclass(frozen=True)
class Moved:
    TYPE: ClassVar[str] = "test.moved.v1"

    place: UUID
    at: datetime


def test_what_an_event_carries_is_read_by_its_declaration_and_newer_members_are_passed_over() -> None:
    event = Event(**{**_members(EVENT), "data": {"place": str(UUID(int=7)), "at": "2026-01-01T00:00:00Z", "new": 1}})
    assert payload(event, Moved) == Moved(UUID(int=7), datetime(2026, 1, 1, tzinfo=UTC))


def test_what_an_event_lacks_is_the_fault_of_the_event() -> None:
    with pytest.raises(ValueError, match="place"):
        payload(EVENT, Moved)


def _members(event: Event) -> dict[str, Any]:
    return {name: getattr(event, name) for name in Event._fields}
