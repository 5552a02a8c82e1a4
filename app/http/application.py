"""Puts the modules' routes, errors, health and documentation together."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI

from app.http import problems
from app.http.health import Health
from app.http.middleware import Around
from modules.web.security import SCHEME

BASIC = "client_secret_basic"  # what the token endpoint itself asks for
Lifetime = Callable[[], AbstractAsyncContextManager[None]]


def create_app(title: str, routers: Sequence[APIRouter], health: Health, lifetime: Lifetime, issuer: str) -> FastAPI:
    """The ASGI application of one process: `lifetime` surrounds its serving."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with lifetime():
            yield

    app = FastAPI(
        title=title,
        version="0.1.0",
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
        swagger_ui_init_oauth={"clientId": "", "usePkceWithAuthorizationCodeGrant": False},
    )
    for router in (*routers, health.routes()):
        app.include_router(router)
    problems.install(app)
    app.add_middleware(Around)
    _describe_security(app, issuer)
    return app


def _describe_security(app: FastAPI, issuer: str) -> None:
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = generate()
            scopes = sorted(
                {
                    scope
                    for path in document["paths"].values()
                    for operation in path.values()
                    for requirement in operation.get("security", ())
                    for scope in requirement.get(SCHEME, ())
                }
            )
            document.setdefault("components", {})["securitySchemes"] = {
                BASIC: {"type": "http", "scheme": "basic"},
                SCHEME: {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": f"{issuer}/auth/token",
                            "scopes": {scope: scope for scope in scopes},
                        }
                    },
                },
            }
            app.openapi_schema = document
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend the document
