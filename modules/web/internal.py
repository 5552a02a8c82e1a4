"""Port methods as routes: what a module hosted here answers to modules in other processes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import ValidationError

from modules.kernel import rpc
from modules.kernel.errors import DeadlineExceeded
from modules.kernel.principal import INTERNAL_SCOPE, Verifier
from modules.web.answer import json_answer
from modules.web.body import refused
from modules.web.security import Guard

DIGITS = 9

Method = Callable[..., Awaitable[Any]]
Served = Mapping[rpc.Crossing[..., Any], Method]
"""What crosses, and what answers it here."""


def served(module: str, verifier: Verifier, methods: Served, *, described: Served | None = None) -> APIRouter:
    """Routes for `methods`, and the contract for them and for those `described` elsewhere.

    Only our own services may call them. The contract tells nothing about the business, and is open.
    """
    guard = Guard(verifier, module)
    router = APIRouter(tags=["internal"])
    for crossing, method in methods.items():
        _serve(router, guard, crossing, method)
    offered = {crossing.name: crossing for crossing in (*methods, *(described or {}))}

    @router.get(f"/internal/{module}/contract", include_in_schema=False)
    async def contract() -> Response:
        """What this release answers, each as the hash of what both sides must agree on."""
        return json_answer({"module": module, "methods": {name: one.offered for name, one in offered.items()}})

    return router


def _serve(router: APIRouter, guard: Guard, crossing: rpc.Crossing[..., Any], method: Method) -> None:
    async def answer(request: Request) -> Response:
        guard(request, INTERNAL_SCOPE)
        question = request.query_params if crossing.verb == "GET" else await request.body()
        try:
            arguments = crossing.read_question(question if isinstance(question, bytes) else dict(question))
        except ValidationError as error:
            raise refused(error) from None
        result = await in_time(request, lambda: method(**arguments))
        return Response(crossing.write_answer(result), media_type="application/json")

    router.add_api_route(crossing.path, answer, methods=[crossing.verb], include_in_schema=False)


async def in_time(request: Request, work: Callable[[], Awaitable[Any]]) -> Any:
    """What `work` gives, in the time that the caller still waits.

    Raises:
        DeadlineExceeded: the time was over before it began, or before it was done.
    """
    sent = request.headers.get(rpc.DEADLINE_HEADER, "")
    known = sent.isascii() and sent.isdigit() and len(sent) <= DIGITS
    with rpc.deadline(int(sent) / 1000 if known else rpc.DEFAULT_TIMEOUT_S) as left_s:
        if left_s <= 0:
            raise DeadlineExceeded("The time for this call was over before it began.")
        try:
            async with asyncio.timeout(left_s):
                return await work()
        except TimeoutError as error:
            raise DeadlineExceeded("No answer in time; whether it took effect is unknown.") from error
