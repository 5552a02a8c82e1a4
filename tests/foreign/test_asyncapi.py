"""Our AsyncAPI document keeps to AsyncAPI's own schema, from npm; and that schema sees what is none."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator, ValidationError  # type: ignore[import-untyped]

from tests.foreign.node import PROJECT

DOCUMENT = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
SCHEMA = PROJECT / "node_modules" / "@asyncapi" / "specs" / "schemas" / "3.0.0-without-$id.json"

pytestmark = pytest.mark.usefixtures("packages")

SPOILT: dict[str, Callable[[Any], object]] = {
    "another version": lambda document: document.update(asyncapi="2.6.0"),
    "no title": lambda document: document["info"].pop("title"),
    "a server without a protocol": lambda document: document["servers"]["redis"].pop("protocol"),
    "a channel with a member that there is not": lambda document: document["channels"]["sales"].update(adress="x"),
    "a channel whose messages are a list": lambda document: document["channels"]["sales"].update(messages=[]),
    "an operation of another kind": lambda document: document["operations"]["sales_tells"].update(action="publish"),
    "an operation without a channel": lambda document: document["operations"]["sales_tells"].pop("channel"),
    "an operation that refers to no message": lambda document: document["operations"]["sales_tells"].update(
        messages=["waybill.order.created.v1"]
    ),
    "a message without a payload in its example": lambda document: document["components"]["messages"][
        "waybill.order.created.v1"
    ].update(examples=[{"name": "nothing"}]),
    "a schema of a type that there is not": lambda document: document["components"]["schemas"]["CloudEvent"].update(
        type="record"
    ),
    "components of a kind that there is not": lambda document: document["components"].update(events={}),
}


@pytest.fixture
def specified() -> Any:
    return Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


@pytest.fixture
def document() -> Any:
    return yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))


def test_our_document_is_what_asyncapi_says(specified: Any, document: Any) -> None:
    specified.validate(document)


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_document_that_is_spoilt_is_seen(spoil: Callable[[Any], object], specified: Any, document: Any) -> None:
    spoilt = copy.deepcopy(document)
    spoil(spoilt)
    assert spoilt != document
    with pytest.raises(ValidationError):
        specified.validate(spoilt)
