"""What events look like, as JSON schemas: the envelope, and what each type carries."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import override

from modules.auth import port as auth
from modules.delivery import port as delivery
from modules.kernel.events import SEQUENCE_DIGITS, SPECIFICATION, EventData, schema_of
from modules.product import port as product
from modules.sales import port as sales

PORTS: Final = {"auth": auth, "sales": sales, "delivery": delivery, "product": product}

ENVELOPE: Mapping[str, Any] = {
    "title": "CloudEvent",
    "description": "CloudEvents 1.0 in JSON, with the extensions sequence and traceparent. Members that are not known"
    " are passed over.",
    "type": "object",
    "properties": {
        "specversion": {"const": SPECIFICATION},
        "id": {"type": "string", "format": "uuid", "description": "The same whenever the event comes again."},
        "source": {"type": "string", "format": "uri-reference", "description": "The service that says so."},
        "type": {"type": "string"},
        "subject": {"type": "string", "format": "uuid", "description": "The id of the order that it is about."},
        "time": {"type": "string", "format": "date-time"},
        "datacontenttype": {"const": "application/json"},
        "dataschema": {"type": "string", "format": "uri", "description": "The schema of data, and its version."},
        "sequence": {
            "type": "string",
            "pattern": f"^[0-9]{{{SEQUENCE_DIGITS}}}$",
            "description": "1, 2, 3 … without a gap for each source and subject, with leading zeros. An event with a"
            " number that was seen before was seen before.",
        },
        "traceparent": {
            "type": "string",
            "description": "The trace of what caused it. Source: W3C Trace Context, 3.2.",
        },
        "data": {"type": "object"},
    },
    "required": [
        *("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema", "sequence", "data")
    ],
}


class _Plain(GenerateJsonSchema):
    """Without titles that say a member's name again."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def declared() -> Mapping[str, Sequence[type[EventData]]]:
    """The events that each module emits, as its port declares them."""
    return {module: found for module, port in PORTS.items() if (found := _declared_in(port))}


def _declared_in(port: Any) -> Sequence[type[EventData]]:
    return [
        thing
        for thing in vars(port).values()
        if isinstance(thing, type) and hasattr(thing, "TYPE") and thing.__module__.startswith(port.__name__)
    ]


def data_schema(kind: type[EventData], places: str = "#/$defs/{model}") -> dict[str, Any]:
    """What an event of this kind carries; what it is made of is below `$defs`, and referred to at `places`."""
    schema = TypeAdapter(kind).json_schema(ref_template=places, schema_generator=_Plain)
    return {"$id": schema_of(kind.TYPE), **schema}
