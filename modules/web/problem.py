"""How OpenAPI is told which problems a route can answer with. `app/http.py` writes them."""

from typing import Any

from pydantic import BaseModel

PROBLEM_JSON = "application/problem+json"


class Fault(BaseModel):
    """One thing that is wrong with the input."""

    pointer: str
    code: str
    detail: str


class Problem(BaseModel):
    """What went wrong. Source: RFC 9457, 3."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    retryable: bool
    errors: list[Fault] | None = None


MEANINGS = {
    400: "The path, the query or the body is malformed.",
    401: "No usable access token.",
    403: "The token lacks a scope.",
    404: "Nothing there that the caller may see.",
    409: "It does not fit the present state.",
    412: "The version is not the present one.",
    413: "The body is too large.",
    415: "The body has the wrong media type.",
    422: "The input breaks a rule.",
    428: "`If-Match` or `Idempotency-Key` is needed.",
    429: "Too many requests.",
    500: "A fault of ours; the log has it under the request id.",
    503: "No answer from something this needs; repeat with the same key.",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can answer with these problems."""
    schema = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": MEANINGS[status],
            "model": Problem,
            "content": {PROBLEM_JSON: {"schema": schema}},
        }
        for status in statuses
    }
