"""The AsyncAPI document: what the modules tell each other over Redis. Source: AsyncAPI 3.0.0."""

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from app.bus.redis.connection import FIELD, stream_of
from app.container import SOURCES
from app.docs.schemas import ENVELOPE, data_schema, declared
from app.docs.standstill import REDIS_DATABASE, REDIS_HOST, standstill
from app.http.application import VERSION
from modules.kernel.events import EventData, source_of
from modules.kernel.inbox import Inbox

CLOUDEVENTS_JSON = "application/cloudevents+json"
SCHEMAS = "#/components/schemas/{model}"
INFO = """\
What the services tell each other, and what others may read along. An operation is what the service does by which it is
tagged: each sends to its own stream, and receives from others' as a consumer group of its name.

An entry of a stream has one field, `cloudevent`, with a CloudEvents document in JSON. Events come at least once: who has
seen an event's source, subject and sequence before has seen the event. Within a source and subject their sequences say
their order. A reader makes a group of its own, from the first entry (`XGROUP CREATE … 0`); what it has not read when all
services are done with it may be trimmed.

A type's schema only grows: members that are not known are to be passed over. Whatever old readers cannot read is a new
type."""

Document = dict[str, Any]


def asyncapi(examples: Mapping[str, Any]) -> Document:
    """The document, with an example of each type of event."""
    events = declared()
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Waybill's events",
            "version": VERSION,
            "description": INFO,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": CLOUDEVENTS_JSON,
        "servers": {
            "redis": {
                "host": REDIS_HOST,
                "pathname": REDIS_DATABASE,
                "protocol": "redis",
                "description": "Redis 7.0 or newer, or Valkey: what `events.url` names. All modules in one process need none.",
            }
        },
        "channels": {module: _channel(module, kinds) for module, kinds in events.items()},
        "operations": {**{f"{module}_tells": _sends(module) for module in events}, **dict(_receives())},
        "components": {
            "messages": {
                kind.TYPE: _message(module, kind, examples) for module, kinds in events.items() for kind in kinds
            },
            "schemas": _schemas(),
        },
    }


def _channel(module: str, kinds: Any) -> Document:
    return {
        "address": stream_of(source_of(module)),
        "title": f"What {module} tells",
        "servers": [{"$ref": "#/servers/redis"}],
        "messages": {kind.TYPE: {"$ref": f"#/components/messages/{kind.TYPE}"} for kind in kinds},
        "x-redis-stream": {"field": FIELD.decode()},
    }


def _sends(module: str) -> Document:
    return {
        "action": "send",
        "title": f"{module.title()} tells what happened",
        "channel": {"$ref": f"#/channels/{module}"},
        "tags": [{"name": module}],
    }


def _receives() -> Iterator[tuple[str, Document]]:
    """Per subscriber and stream, what it does something about; of all else it only counts the numbers."""
    for subscriber, sources in SOURCES.items():
        inbox: Inbox = getattr(standstill(subscriber), f"{subscriber}_inbox")()
        for source in sources:
            handled = [kind.TYPE for kind in declared()[source] if kind.TYPE in inbox.handles]
            yield (
                f"{subscriber}_follows_{source}",
                {
                    "action": "receive",
                    "title": f"{subscriber.title()} follows {source}",
                    "channel": {"$ref": f"#/channels/{source}"},
                    "tags": [{"name": subscriber}],
                    "messages": [{"$ref": f"#/channels/{source}/messages/{type_}"} for type_ in handled],
                    "x-redis-group": subscriber,
                },
            )


def _message(module: str, kind: type[EventData], examples: Mapping[str, Any]) -> Document:
    said = inspect.getdoc(kind) or ""
    only: Document = {
        "source": {"const": source_of(module)},
        "type": {"const": kind.TYPE},
        "dataschema": {"const": data_schema(kind)["$id"]},
        "data": {"$ref": SCHEMAS.format(model=kind.__name__)},
    }
    return {
        "name": kind.TYPE,
        "title": kind.__name__,
        "summary": said.partition("\n")[0],
        "contentType": CLOUDEVENTS_JSON,
        "payload": {"allOf": [{"$ref": SCHEMAS.format(model="CloudEvent")}, {"properties": only}]},
        **({"examples": [{"payload": examples[kind.TYPE]}]} if kind.TYPE in examples else {}),
    }


def _schemas() -> Document:
    """The envelope, what each type carries, and what that is made of.

    Raises:
        ValueError: two different things have the same name.
    """
    found: Document = {"CloudEvent": ENVELOPE}
    for kinds in declared().values():
        for kind in kinds:
            schema = data_schema(kind, SCHEMAS)
            del schema["$id"]  # what it refers to would be looked for below it
            for name, part in {**schema.pop("$defs", {}), kind.__name__: schema}.items():
                if found.setdefault(name, part) != part:
                    raise ValueError(f"two events carry different things that are called {name}")
    return found
