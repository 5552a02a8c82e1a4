"""An event of each type as a journey emits it, with ids and times that are the same in every run: `docs/events`."""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from modules.kernel.events import Event
from tests.integration.events.overheard import Document, as_read

FOLDER = Path(__file__).parents[3] / "docs" / "events"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+(Z|\+00:00)")
BEGIN = datetime(2026, 1, 5, 9, 30, tzinfo=UTC)
WRITE = "TEST_WRITE_EXAMPLES"
"""The variable with which the test writes the examples, where it would compare them."""


def examples(events: Sequence[Event]) -> Mapping[str, str]:
    """The file of each type: its first event, of those that carry a trace where there are some."""
    first: dict[str, Document] = {}
    for event in sorted(events, key=lambda event: event.traceparent is None):
        first.setdefault(event.type, as_read(event))
    return {f"{type_}.json": _file(document) for type_, document in sorted(first.items())}


def _file(document: Document) -> str:
    return json.dumps(_same(document, {}), indent=2, ensure_ascii=False) + "\n"


def _same(value: Any, known: dict[str, str]) -> Any:
    """A value with its ids and instants numbered as they come; what is the same twice stays the same."""
    if isinstance(value, Mapping):
        return {name: _same(member, known) for name, member in value.items()}
    if isinstance(value, list):
        return [_same(member, known) for member in value]
    if isinstance(value, str) and (UUID.fullmatch(value) or INSTANT.fullmatch(value)):
        return known.setdefault(value, _named(value, len(known)))
    return value


def _named(value: str, number: int) -> str:
    if UUID.fullmatch(value):
        return f"01920000-0000-7000-8000-{number + 1:012x}"
    return (BEGIN + timedelta(milliseconds=number)).isoformat()


def committed() -> Mapping[str, str]:
    """The files as they are."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.json"))}


def write(files: Mapping[str, str]) -> None:
    """Leave these files in the folder, and no others."""
    FOLDER.mkdir(exist_ok=True)
    for gone in committed().keys() - files.keys():
        (FOLDER / gone).unlink()
    for name, text in files.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
