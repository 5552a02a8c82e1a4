"""The OpenAPI document: what the framework derives, and what it does not know of this application's answers."""

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI

from modules.web.problem import PROBLEM_JSON, problems
from modules.web.security import SCHEME

BASIC = "client_secret_basic"  # what the token endpoint itself asks for
NEVER_ANSWERED = ("HTTPValidationError", "ValidationError")
AROUND_EVERY_ROUTE = (400, 500)


def describe(app: FastAPI, issuer: str) -> None:
    """Have `app` say in its document how to get a token, and every problem that a route can answer with."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            for operation in _operations(document):
                _correct(operation["responses"])
            components = document.setdefault("components", {})
            for schema in NEVER_ANSWERED:
                components.get("schemas", {}).pop(schema, None)
            components["securitySchemes"] = {
                BASIC: {"type": "http", "scheme": "basic"},
                SCHEME: _scheme(document, issuer),
            }
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document


def _operations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for path in document["paths"].values() for operation in path.values())


def _correct(responses: dict[str, Any]) -> None:
    """Problems are answered as problems, as nothing else, and by what is around the routes as well."""
    for status in list(responses):
        response = responses[status]
        content = response.get("content", {})
        if any(NEVER_ANSWERED[0] in str(media) for media in content.values()):
            del responses[status]
        elif PROBLEM_JSON in content:
            response["content"] = {PROBLEM_JSON: content[PROBLEM_JSON]}
    for number, given in problems(*AROUND_EVERY_ROUTE).items():
        told = {name: value for name, value in given.items() if name != "model"}
        content = responses.setdefault(str(number), told)["content"]
        content.setdefault(PROBLEM_JSON, told["content"][PROBLEM_JSON])


def _scheme(document: Mapping[str, Any], issuer: str) -> Mapping[str, Any]:
    scopes = {
        scope
        for operation in _operations(document)
        for requirement in operation.get("security", ())
        for scope in requirement.get(SCHEME, ())
    }
    flow = {"tokenUrl": f"{issuer}/auth/token", "scopes": {scope: scope for scope in sorted(scopes)}}
    return {"type": "oauth2", "flows": {"clientCredentials": flow}}
