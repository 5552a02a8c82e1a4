"""The documents in `docs` are those that the code makes; AsyncAPI says of events what tables of our own say as well."""

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from app.docs import documents
from app.docs.schemas import data_schema
from app.docs.schemas import declared as documented
from app.settings import MODULES
from modules.kernel.events import schema_of
from tests.integration.events.event_table import declared, rows

DOCS = Path(__file__).parents[2] / "docs"
ASYNCAPI: Any = yaml.safe_load((DOCS / "asyncapi.yaml").read_text(encoding="utf-8"))
MESSAGES = ASYNCAPI["components"]["messages"]


def test_the_committed_documents_are_what_the_code_makes() -> None:
    for path, text in documents(DOCS).items():
        assert (DOCS / path).read_text(encoding="utf-8") == text, f"docs/{path}; run: ./run docs"


def test_there_is_a_document_of_each_service_and_of_no_other() -> None:
    assert {path.stem for path in (DOCS / "openapi").iterdir()} == set(MODULES)


def test_every_event_that_a_port_declares_is_a_message_in_its_emitters_channel() -> None:
    told = {type_: module for module, channel in ASYNCAPI["channels"].items() for type_ in channel["messages"]}
    assert told == declared()
    assert {kind.TYPE for kinds in documented().values() for kind in kinds} == set(told) == set(MESSAGES)


def test_a_subscriber_receives_what_it_does_something_about() -> None:
    received = {
        (operation["x-redis-group"], message["$ref"].rpartition("/")[2])
        for operation in ASYNCAPI["operations"].values()
        for message in operation.get("messages", ())
    }
    assert received == {
        (row.subscriber, row.type) for row in rows() if row.outcome == "handled" and row.cell != "never"
    }


def test_every_reference_of_asyncapi_leads_somewhere() -> None:
    places = list(_places(ASYNCAPI))
    assert len(places) > len(MESSAGES)
    for place in places:
        there = ASYNCAPI
        for step in place.removeprefix("#/").split("/"):
            there = there[step]
        assert there


@pytest.mark.parametrize("type_", sorted(MESSAGES))
def test_an_example_is_what_its_schema_says_and_nothing_else_is(type_: str) -> None:
    (example,) = (one["payload"] for one in MESSAGES[type_]["examples"])
    schema: Any = Draft7Validator({**MESSAGES[type_]["payload"], "components": ASYNCAPI["components"]})
    schema.validate(example)
    spoilt = [{**example, "type": "other"}, {**example, "sequence": "3"}, {**example, "data": {}}]
    assert not any(schema.is_valid(one) for one in spoilt)
    assert example["dataschema"] == schema_of(type_) == data_schema(_kind(type_))["$id"]


def test_an_example_is_written_as_the_docs_have_it() -> None:
    for type_, message in MESSAGES.items():
        file = DOCS / "events" / f"{type_}.json"
        assert message["examples"] == [{"payload": json.loads(file.read_text(encoding="utf-8"))}]
        assert message["summary"] == (inspect.getdoc(_kind(type_)) or "").partition("\n")[0]


def _kind(type_: str) -> Any:
    return next(kind for kinds in documented().values() for kind in kinds if type_ == kind.TYPE)


def _places(node: Any) -> Iterator[str]:
    """Where the references of a document lead."""
    if isinstance(node, Mapping):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from _places(one)
