"""Every type of event that the system emits in a real journey is CloudEvents 1.0, to the letter and to its own SDK."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cloudevents.core.exceptions import CloudEventValidationError
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent
from jsonschema import Draft7Validator, ValidationError  # type: ignore[import-untyped]

from modules.kernel.events import MAX_SEQUENCE, Event, cloud_event
from tests.integration.events.event_table import declared
from tests.integration.events.letters import event
from tests.integration.events.overheard import TRACE, as_read, as_written, overheard
from tests.integration.events.shown_events import WRITE, committed, examples, write
from tests.integration.events.whole import Whole

SCHEMA = json.loads(Path(__file__).with_name("cloudevents.json").read_text(encoding="utf-8"))
SPECIFIED: Any = Draft7Validator(SCHEMA)
REVERSE_DNS = re.compile(r"[a-z][a-z0-9]*(\.[a-z][a-z0-9_]*)+\.v[1-9][0-9]*")


async def test_every_event_of_a_journey_with_all_types_is_what_the_specification_says(whole: Whole) -> None:
    events = await overheard(whole)
    assert {event.type for event in events} == set(declared())
    for one in events:
        SPECIFIED.validate(as_read(one))
        as_the_sdk_reads_it(one)
        as_its_type_says(one)
    numbers_have_no_gap(events)


async def test_an_event_carries_the_trace_of_the_request_that_caused_it(whole: Whole) -> None:
    traces = {one.traceparent for one in await overheard(whole)}
    assert traces == {TRACE, None}, "the last order was placed without one"


async def test_the_examples_in_the_docs_are_what_the_journey_emits(whole: Whole) -> None:
    emitted = examples(await overheard(whole))
    if WRITE in os.environ:
        write(emitted)
    assert committed() == emitted, f"run this test with {WRITE}=1, then `waybill docs`"


def as_the_sdk_reads_it(one: Event) -> None:
    read = JSONFormat().read(CloudEvent, as_written(one))
    assert (read.get_id(), read.get_source(), read.get_type()) == (str(one.id), one.source, one.type)
    assert (read.get_subject(), read.get_time(), read.get_data()) == (str(one.subject), one.time, one.data)
    assert int(read.get_extension("sequence")) == one.sequence
    assert read.get_extension("traceparent") == one.traceparent
    assert JSONFormat().read(CloudEvent, JSONFormat().write(read)).get_attributes() == read.get_attributes()


def as_its_type_says(one: Event) -> None:
    document = as_read(one)
    assert one.source == f"/waybill/{declared()[one.type]}"
    assert REVERSE_DNS.fullmatch(one.type)
    assert document["dataschema"] == f"urn:{':'.join(one.type.split('.'))}"
    assert document["datacontenttype"] == "application/json"
    assert document["subject"] == document["data"]["order_id"]
    assert set(document) - {"traceparent"} == set(cloud_event(event("A1")))


def numbers_have_no_gap(events: Sequence[Event]) -> None:
    """Of each source and subject, and as text as well: in order, without a gap, from 1."""
    texts = defaultdict(set)
    for one in events:
        texts[one.source, one.subject].add(as_read(one)["sequence"])
    for numbers in texts.values():
        assert [int(text) for text in sorted(numbers)] == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("specversion", "0.3"),
        ("id", ""),
        ("source", ""),
        ("source", "/way bill"),
        ("source", "/waybill/%zz"),
        ("type", 5),
        ("subject", ""),
        ("time", "2026-01-01T00:00:00"),
        ("time", "2026-01-01 00:00:00Z"),
        ("time", "2026-01-01T00:00:00+01:12:30"),
        ("time", "20260101T000000Z"),
        ("dataschema", "no-uri"),
        ("datacontenttype", "json"),
        ("sequence", 1),
        ("sequence", ""),
        ("traceparent", "00-0-0-00"),
        ("traceparent", f"00-{'0' * 32}-{'1' * 16}-01"),
        ("data_base64", "QQ=="),
        ("hold_id", "x"),
        ("holdId", "x"),
        ("weight", 0.5),
        ("weight", 2**31),
        ("parts", []),
    ],
)
def test_the_schema_of_the_specification_refuses_what_is_none(member: str, wrong: Any) -> None:
    document = as_read(event("A1"))
    SPECIFIED.validate(document)
    with pytest.raises(ValidationError):
        SPECIFIED.validate({**document, member: wrong})


@pytest.mark.parametrize("member", ["specversion", "id", "source", "type"])
def test_the_schema_of_the_specification_asks_for_what_it_requires(member: str) -> None:
    with pytest.raises(ValidationError, match=member):
        SPECIFIED.validate({name: value for name, value in as_read(event("A1")).items() if name != member})


@pytest.mark.parametrize("member", ["id", "source", "type"])
def test_the_sdk_refuses_what_is_none_as_well(member: str) -> None:
    document = json.dumps({**as_read(event("A1")), member: ""})
    with pytest.raises(CloudEventValidationError):
        JSONFormat().read(CloudEvent, document)


def test_the_schema_is_a_schema() -> None:
    Draft7Validator.check_schema(SCHEMA)


def test_the_largest_number_is_as_long_as_the_first() -> None:
    first, last = (as_read(_numbered(number))["sequence"] for number in (1, MAX_SEQUENCE))
    assert (len(first), first < last) == (len(last), True)


def _numbered(sequence: int) -> Event:
    return Event(event("A1").id, "/waybill/sales", "t.v1", event("A1").subject, sequence, datetime.now(UTC), {})
