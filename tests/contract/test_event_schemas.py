"""An event's schema only grows: whoever read it once can read it now, and what was emitted once is read now."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import pytest

from app.docs.schemas import data_schema, declared
from modules.kernel.events import EventData, payload, read
from tests.contract.compatible import breaks
from tests.contract.released import FOLDER, broken, committed, present, written
from tests.integration.events import shown_events

WHAT_TO_DO = """
An event is another than the one that was released: subscribers that were not changed with it, and events that still wait
somewhere, are of the old form.

1. Where this was not meant, undo it. A member that is added has to have a default.
2. Where it was meant, leave the old type as it is and make a new one, with `.v2` (CONTRIBUTING.md, "To change an event").
"""
KINDS = [kind for kinds in declared().values() for kind in kinds]


def test_no_event_has_changed_so_that_who_knew_it_could_not_read_it() -> None:
    changed = "\n".join(broken(committed(), present()))
    assert not changed, f"{changed}\n{WHAT_TO_DO}"


def test_what_is_kept_is_the_schema_of_today() -> None:
    kept = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    what_to_do = "run: python -m tests.contract.released"
    assert kept == {type_: written(schema) for type_, schema in present().items()}, what_to_do


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.TYPE))
def test_an_event_that_was_emitted_once_is_read_as_it_is_declared_now(kind: type[EventData]) -> None:
    document = shown_events.committed()[f"{kind.TYPE}.json"]
    assert isinstance(payload(read(document), kind), kind)


# what of a change breaks


LINE = {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]}
THING: Mapping[str, Any] = {
    "$id": "urn:thing:v1",
    "description": "A thing.",
    "type": "object",
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "size": {"type": "integer", "minimum": 0, "maximum": 9},
        "kind": {"enum": ["small", "large"]},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}},
        "place": {"$ref": "#/$defs/Line"},
        "more": {"type": "object", "additionalProperties": True},
    },
    "required": ["id", "size", "kind", "lines", "place", "more"],
    "$defs": {"Line": LINE},
}


def changed(**members: Any) -> Mapping[str, Any]:
    return {**THING, "properties": {**THING["properties"], **members}}


def without(*names: str) -> Mapping[str, Any]:
    members = {name: member for name, member in THING["properties"].items() if name not in names}
    return {**THING, "properties": members, "required": [name for name in THING["required"] if name not in names]}


def requiring(*names: str) -> Mapping[str, Any]:
    return {**THING, "required": list(names)}


def of_lines(**line: Any) -> Mapping[str, Any]:
    return {**THING, "$defs": {"Line": {**LINE, **line}}}


ALL = tuple(THING["required"])
TEXT, NOTHING, NUMBER = {"type": "string"}, {"type": "null"}, {"type": "integer"}
TWO = {"sku": TEXT, "note": TEXT}

HARMLESS = {
    "nothing": THING,
    "an optional member": changed(colour={**TEXT, "default": ""}),
    "an optional member of a part": of_lines(properties=TWO),
    "words": {**THING, "description": "Another thing.", "title": "Thing"},
    "the words of a member": changed(id={"type": "string", "format": "uuid", "description": "Its name."}),
    "the order of members": requiring(*reversed(ALL)),
    "the order of alternatives": changed(note={"anyOf": [NOTHING, TEXT], "default": None}),
    "the order of values": changed(kind={"enum": ["large", "small"]}),
    "a part that is written where it is used": changed(place=LINE),
    "a part by another name": {
        **changed(place={"$ref": "#/$defs/Place"}),
        "$defs": {"Line": LINE, "Place": {**LINE, "title": "Place"}},
    },
}

HARMFUL = {
    "a member that is gone": (without("size"), ["size: is gone"]),
    "an optional member that is gone": (without("note"), ["note: is gone"]),
    "a member by another name": (
        {**without("size"), "properties": {**without("size")["properties"], "width": NUMBER}},
        ["size: is gone"],
    ),
    "a required member": (
        {**changed(colour=TEXT), "required": [*ALL, "colour"]},
        ["colour: is new, and required"],
    ),
    "an optional member that is required": (requiring(*ALL, "note"), ["note: was optional and is required"]),
    "a required member that is optional": (requiring(*ALL[1:]), ["id: was required and is optional"]),
    "another type": (
        changed(id=NUMBER),
        ["id: format was 'uuid' and is missing", "id: type was 'string' and is 'integer'"],
    ),
    "another format": (
        changed(id={"type": "string", "format": "date"}),
        ["id: format was 'uuid' and is 'date'"],
    ),
    "a smaller bound": (
        changed(size={"type": "integer", "minimum": 0, "maximum": 8}),
        ["size: maximum was 9 and is 8"],
    ),
    "a larger bound": (
        changed(size={"type": "integer", "minimum": 0, "maximum": 10}),
        ["size: maximum was 9 and is 10"],
    ),
    "a bound where there was none": (
        changed(place={**LINE, "maxProperties": 1}),
        ["place: maxProperties was missing and is 1"],
    ),
    "no bound where there was one": (
        changed(size={"type": "integer", "minimum": 0}),
        ["size: maximum was 9 and is missing"],
    ),
    "a value that is gone": (
        changed(kind={"enum": ["small"]}),
        ["kind: enum was ['large', 'small'] and is ['small']"],
    ),
    "a value that is new": (
        changed(kind={"enum": ["small", "large", "huge"]}),
        ["kind: enum was ['large', 'small'] and is ['huge', 'large', 'small']"],
    ),
    "an alternative that is gone": (changed(note={"anyOf": [TEXT], "default": None}), ["note: is of another type"]),
    "an alternative that is new": (
        changed(note={"anyOf": [TEXT, NOTHING, NUMBER], "default": None}),
        ["note: is of another type"],
    ),
    "another alternative": (
        changed(note={"anyOf": [NUMBER, NOTHING], "default": None}),
        ["note: is of another type"],
    ),
    "null where there was none": (
        changed(id={"anyOf": [{"type": "string", "format": "uuid"}, NOTHING]}),
        ["id: format was 'uuid' and is missing", "id: type was 'string' and is missing", "id: is of another type"],
    ),
    "another default": (
        changed(note={"anyOf": [TEXT, NOTHING], "default": "x"}),
        ["note: default was None and is 'x'"],
    ),
    "no default": (changed(note={"anyOf": [TEXT, NOTHING]}), ["note: default was None and is missing"]),
    "a member of a part that is gone": (
        of_lines(properties={}, required=[]),
        ["lines[].sku: is gone", "place.sku: is gone"],
    ),
    "a required member of a part": (
        of_lines(properties=TWO, required=["sku", "note"]),
        ["lines[].note: is new, and required", "place.note: is new, and required"],
    ),
    "another type in a list": (
        changed(lines={"type": "array", "items": NUMBER}),
        ["lines[]: type was 'object' and is 'integer'", "lines[].sku: is gone"],
    ),
    "a list of anything": (changed(lines={"type": "array"}), ["lines[]: is of another type"]),
    "no more members than are named": (
        changed(more={"type": "object", "additionalProperties": False}),
        ["more: additionalProperties was True and is False"],
    ),
}


@pytest.mark.parametrize("now", HARMLESS.values(), ids=HARMLESS)
def test_a_change_that_can_be_passed_over_breaks_nothing(now: Mapping[str, Any]) -> None:
    assert breaks(THING, now) == []


@pytest.mark.parametrize(("now", "said"), HARMFUL.values(), ids=HARMFUL)
def test_a_change_that_somebody_could_not_live_with_is_named(now: Mapping[str, Any], said: list[str]) -> None:
    assert breaks(THING, now) == said


def test_a_member_that_was_forbidden_must_not_be_added() -> None:
    closed = {**THING, "additionalProperties": False}
    added = {**changed(colour=TEXT), "additionalProperties": False}
    assert breaks(closed, added) == ["colour: is new, and was forbidden"]


# as it happens: somebody changes a dataclass


@dataclass(frozen=True)
class Moved:
    """Something moved."""

    TYPE: ClassVar[str] = "test.moved.v1"

    place: str
    weight: int = 1


@dataclass(frozen=True)
class MovedWithMore(Moved):
    note: str | None = None


@dataclass(frozen=True)
class MovedOtherwise:
    TYPE: ClassVar[str] = "test.moved.v1"

    where: str
    weight: int = 1


@dataclass(frozen=True)
class MovedForSure:
    TYPE: ClassVar[str] = "test.moved.v1"

    place: str
    weight: int


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (MovedWithMore, []),
        (MovedOtherwise, ["place: is gone", "where: is new, and required"]),
        (MovedForSure, ["weight: was optional and is required", "weight: default was 1 and is missing"]),
    ],
    ids=["with more", "renamed", "required"],
)
def test_a_change_of_a_declaration_is_judged_by_its_schema(kind: type[EventData], said: list[str]) -> None:
    assert breaks(data_schema(Moved), data_schema(kind)) == said


def test_a_type_that_is_gone_is_named_with_what_has_changed_of_others() -> None:
    before = {"a.v1": THING, "b.v1": THING, "c.v1": THING}
    now = {"b.v1": without("id"), "c.v1": THING, "d.v1": THING}
    assert list(broken(before, now)) == ["a.v1: is gone", "b.v1: id: is gone"]
