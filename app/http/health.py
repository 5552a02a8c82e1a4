"""Whether this process is alive, whether it can do its part, and what is measured of it."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from app.http.problems import problem
from modules.kernel.errors import NotReached, WaybillError
from modules.web.answer import json_answer
from modules.web.leaving import Leaving, never
from modules.web.problem import problems

Check = Callable[[], Awaitable[str | None]]
"""Says what is missing, or `None`."""


Neighbours = Callable[[], Awaitable[Mapping[str, str]]]
"""Says what is wrong with whom."""


async def _nobody() -> Mapping[str, str]:
    return {}


class NotReady(NotReached, code="not_ready"):
    """This process can't do its part yet, or not at the moment. `details["missing"]` says what it lacks."""


class Health:
    """Checks by name: those of this process' own part, and what is wrong with those that it works with."""

    def __init__(
        self,
        own: Mapping[str, Check],
        refresh: Callable[[], Awaitable[None]],
        neighbours: Neighbours = _nobody,
        leaving: Leaving = never,
    ) -> None:
        self._own = own
        self._neighbours = neighbours
        self._refresh = refresh
        self._leaving = leaving

    async def missing(self) -> dict[str, str]:
        """What this process lacks for its own part. One that is leaving looks no further."""
        if self._leaving():
            return {"process": "this process is leaving"}
        found = {name: await check() for name, check in self._own.items()}
        return {name: what for name, what in found.items() if what is not None}

    def routes(self) -> APIRouter:
        """`/health/live`, `/health/ready`, `/metrics` and the pages behind the problems' types."""
        router = APIRouter(tags=["health"])

        @router.get("/health/live", summary="The process turns its loop")
        async def live() -> Response:
            return json_answer({"status": "alive"})

        @router.get("/health/ready", summary="The process can do its own part", responses=problems(503))
        async def ready() -> Response:
            missing = await self.missing()
            if missing:
                return problem(NotReady("Not ready: " + "; ".join(missing.values()), missing=missing), "/health/ready")
            return json_answer({"status": "ready", "degraded": await self._neighbours()})

        @router.get("/metrics", summary="What is measured, for Prometheus")
        async def metrics() -> Response:
            await self._refresh()
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

        @router.get("/problems/{code}", summary="What a problem means", responses=problems(404))
        async def meaning(code: str) -> Response:
            return json_answer(_meaning(code))

        return router


def _meaning(code: str) -> Mapping[str, Any]:
    kind = WaybillError.registry.get(code)
    if kind is None:
        from app.http.problems import NoSuchPath

        raise NoSuchPath(f"There is no problem {code}.")
    return {"code": code, "title": kind.title, "meaning": kind.__doc__, "retryable": kind.retryable}
