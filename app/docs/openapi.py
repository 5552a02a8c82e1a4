"""The OpenAPI document of each service."""

from collections.abc import Mapping
from typing import Any

from app.docs.standstill import standstill
from app.process import build_app


def openapi(module: str) -> Mapping[str, Any]:
    """What the service of a module serves at `/openapi.json`, at its usual place."""
    document: Mapping[str, Any] = build_app(standstill(module)).openapi()
    return document
