"""Puts the modules' routes, errors, health and documentation together."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute

from app.http import problems
from app.http.health import Health
from app.http.middleware import Around
from app.http.openapi import describe
from modules.web.leaving import Leaving, never

VERSION = "0.1.0"
"""Of this release, as its documents say it."""

Lifetime = Callable[[], AbstractAsyncContextManager[None]]


def _operation(route: APIRoute) -> str:
    """What generated clients call a way in: its noun and its verb."""
    return "_".join([*map(str, route.tags[-1:]), route.name])


def create_app(
    title: str,
    routers: Sequence[APIRouter],
    health: Health,
    lifetime: Lifetime,
    issuer: str,
    *,
    internal_port: int | None = None,
    leaving: Leaving = never,
) -> FastAPI:
    """The ASGI application of one process: `lifetime` surrounds its serving.

    With `internal_port` what is for our own network is answered on that port only. `leaving` says that it was told to stop.
    """

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with lifetime():
            yield

    app = FastAPI(
        title=title,
        version=VERSION,
        lifespan=lifespan,
        docs_url="/docs",
        redoc_url=None,
        redirect_slashes=False,  # another path is another resource, and a redirected POST is easily lost
        generate_unique_id_function=_operation,
        swagger_ui_init_oauth={"clientId": "", "usePkceWithAuthorizationCodeGrant": False},
    )
    for router in (*routers, health.routes()):
        app.include_router(router)
    problems.install(app)
    app.add_middleware(Around, internal_port=internal_port, leaving=leaving)
    describe(app, issuer)
    return app
