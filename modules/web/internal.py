"""Port methods as routes: what a module hosted here answers to modules in other processes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
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
OPERATOR_AUDIENCE = "ops"
READS, WRITES = "ops:read", "ops:write"

Method = Callable[..., Awaitable[Any]]
Served = Mapping[rpc.Crossing[..., Any], Method]
"""What crosses, and what answers it here."""
Offered = Sequence[rpc.Crossing[..., Any]]


def served(module: str, verifier: Verifier, methods: Served, offered: Offered) -> APIRouter:
    """Routes for `methods`, and the contract of the module: `offered`, which has those that are served elsewhere, too.

    Only our own services may call them. The contract tells nothing about the business, and is open.
    """
    guard = Guard(verifier, module)
    router = APIRouter(tags=["internal"])
    for crossing, method in methods.items():
        _serve(router, partial(guard, scope=INTERNAL_SCOPE, changes=_changes(crossing)), crossing, method)

    @router.get(f"/internal/{module}/contract", include_in_schema=False)
    async def contract() -> Response:
        """What this release answers, each as the hash of what both sides must agree on."""
        return json_answer({"module": module, "methods": {one.name: one.offered for one in offered}})

    return router


def operated(verifier: Verifier, methods: Served) -> APIRouter:
    """Routes for what the operator does. No service of ours may: its token is for another audience."""
    guard = Guard(verifier, OPERATOR_AUDIENCE)
    router = APIRouter(tags=["internal"])
    for crossing, method in methods.items():
        changes = _changes(crossing)
        _serve(router, partial(guard, scope=WRITES if changes else READS, changes=changes), crossing, method)
    return router


def _changes(crossing: rpc.Crossing[..., Any]) -> bool:
    return crossing.policy.repeat is not rpc.Repeat.READ


def same_contract(request: Request, crossing: rpc.Crossing[..., Any]) -> None:
    """Refuse a caller that says that it means another contract than any that is served here.

    Raises:
        ContractMismatch: it does; nothing was begun.
    """
    required = request.headers.get(rpc.CONTRACT_HEADER)
    if required is not None and required not in crossing.offered:
        details = {"method": crossing.name, "required": required, "offered": crossing.offered}
        raise rpc.ContractMismatch(f"{crossing.name} means something else here.", **details)


def _serve(
    router: APIRouter, admit: Callable[[Request], Any], crossing: rpc.Crossing[..., Any], method: Method
) -> None:
    async def answer(request: Request) -> Response:
        admit(request)
        same_contract(request, crossing)
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
