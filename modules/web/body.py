"""Request bodies: read once, validated from the raw bytes, refused with the place that is wrong."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from fastapi import Request
from pydantic import TypeAdapter, ValidationError

from modules.kernel.errors import Invalid

_T = TypeVar("_T")

FAULTS_LISTED = 50
FAULTS_LOOKED_AT = 1000  # spelling out half a million of them would keep everybody waiting


class MalformedJson(Invalid, code="malformed_json"):
    """The body is not JSON in UTF-8."""


class UnsupportedMediaType(Invalid, code="unsupported_media_type"):
    """The body has another media type than the one this endpoint takes."""


async def read_json(request: Request, adapter: TypeAdapter[_T]) -> _T:
    """The body, validated.

    Raises:
        UnsupportedMediaType: it does not call itself `application/json`.
        MalformedJson: it is not JSON.
        Invalid: it breaks a rule; `details["errors"]` says which and where.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != "application/json" and not media_type.endswith("+json"):
        raise UnsupportedMediaType("Send the body as application/json.")
    try:
        return adapter.validate_json(await request.body())
    except ValidationError as error:
        raise refused(error) from None


def refused(error: ValidationError) -> Invalid:
    """The refusal that a validation error means."""
    if error.error_count() > FAULTS_LOOKED_AT:
        detail = f"{error.error_count()} things are wrong with it, too many to name."
        return invalid([{"pointer": "", "code": "too_many_faults", "detail": detail}])
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    if faults[0]["type"] == "json_invalid":
        return MalformedJson(faults[0]["msg"])
    inner = {fault["loc"][:depth] for fault in faults for depth in range(len(fault["loc"]))}
    return invalid(  # the faults of a member say it; that its parent has too few good members says nothing more
        {"pointer": pointer(fault["loc"]), "code": fault["type"], "detail": fault["msg"]}
        for fault in faults[:FAULTS_LISTED]
        if fault["loc"] not in inner
    )


def invalid(errors: Any) -> Invalid:
    """One refusal for many faults, each `{pointer, code, detail}`."""
    listed = list(errors)
    first = listed[0]
    return Invalid(f"{first['pointer'] or 'body'}: {first['detail']}", errors=listed)


def pointer(place: Sequence[int | str]) -> str:
    """A JSON pointer. Source: RFC 6901."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)


def json_body(adapter: TypeAdapter[Any]) -> dict[str, Any]:
    """What OpenAPI says of a route that reads this body."""
    schema = adapter.json_schema()
    definitions = schema.pop("$defs", {})
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": _inlined(schema, definitions)}},
        }
    }


def _inlined(schema: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(schema, list):
        return [_inlined(item, definitions) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        return _inlined(definitions[reference.rpartition("/")[2]], definitions)
    return {key: _inlined(value, definitions) for key, value in schema.items()}
