"""Request headers that change what an answer means, as OpenAPI has them."""

from typing import Any

Parameter = dict[str, Any]

TOLD = "waybill.told"
"""Where in a request's scope a route puts headers that its answer has, whatever that turns out to be."""

IDEMPOTENCY_KEY: Parameter = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Names this request: sent again with the same key and body it is done once, for 24 hours at least.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[\\x20-\\x7e]+$"},
}
IF_MATCH: Parameter = {
    "name": "If-Match",
    "in": "header",
    "description": "The `ETag` of the version that is to be changed.",
    "schema": {"type": "string", "pattern": '^("[0-9]{1,9}"|[*])$'},
}
IF_NONE_MATCH: Parameter = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The `ETag` of the version that the caller has: where it is still the one, the answer is 304.",
    "schema": {"type": "string"},
}
LAST_EVENT_ID: Parameter = {
    "name": "Last-Event-ID",
    "in": "header",
    "description": "The `id` of the event that the caller has seen last.",
    "schema": {"type": "string"},
}


def taking(*parameters: Parameter) -> dict[str, Any]:
    """What OpenAPI says of a route that reads these headers."""
    return {"parameters": list(parameters)}
