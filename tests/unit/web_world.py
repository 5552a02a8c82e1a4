"""A small application with all that is around every route."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse

from app.http import Health, create_app
from app.telemetry.logs import request_id
from modules.kernel.errors import Overloaded
from modules.kernel.events import traceparent


def routes() -> APIRouter:
    router = APIRouter()

    @router.get("/told")
    async def say() -> dict[str, Any]:
        return {"request_id": request_id.get(), "traceparent": traceparent.get()}

    @router.post("/told")
    async def hear(request: Request) -> dict[str, int]:
        return {"bytes": len(await request.body())}

    @router.get("/fault")
    async def fail() -> None:
        raise RuntimeError("a secret of ours")

    @router.get("/late-fault")
    async def fail_late() -> StreamingResponse:
        return StreamingResponse(broken())

    @router.get("/busy")
    async def refuse() -> None:
        raise Overloaded("Come back.", retry_after_s=7)

    return router


async def broken() -> AsyncIterator[bytes]:
    yield b"begun"
    raise RuntimeError("too late")


@asynccontextmanager
async def lifetime() -> AsyncIterator[None]:
    yield


def application(missing: str | None = None) -> FastAPI:
    async def check() -> str | None:
        return missing

    async def refresh() -> None:
        """Nothing to read."""

    return create_app("Test", [routes()], Health({"database": check}, refresh), lifetime, "https://auth.example")
