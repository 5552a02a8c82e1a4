"""Where an answer leads, as OpenAPI has it: which operations take what is in it. Source: OpenAPI 3.1, 4.8.20."""

from collections.abc import Mapping
from typing import Any

OF_ONE, OF_FIRST = "$response.body#/{}", "$response.body#/items/0/{}"
"""A member of the answer, or of the first of its items."""


def leading(parameter: str, member: str, *operations: str) -> Mapping[str, Any]:
    """What OpenAPI says of an answer whose `member` is the `parameter` of these operations of the same service."""
    links = {name: {"operationId": name, "parameters": {parameter: member}} for name in operations}
    return {"links": links}
