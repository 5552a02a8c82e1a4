"""`ProductPort` over HTTP."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from modules.kernel.principal import INTERNAL_SCOPE, Verifier
from modules.product.port import Availability, AvailabilityRequest
from modules.web.answer import json_answer
from modules.web.body import invalid, json_body, read_json
from modules.web.problem import problems
from modules.web.security import Guard, secured

AVAILABILITY = "/availability"
MAX_REQUESTS = 1000


@dataclass(frozen=True, slots=True)
class AvailabilityBody:
    """Baskets to check, 1 to 1,000 of them."""

    requests: Annotated[tuple[AvailabilityRequest, ...], Field(min_length=1, max_length=MAX_REQUESTS)]


BODY = TypeAdapter(AvailabilityBody)


def routes(
    availability: Callable[[Sequence[AvailabilityRequest]], Awaitable[Sequence[Availability]]], verifier: Verifier
) -> APIRouter:
    """What other processes call of the product that is hosted here."""
    guard = Guard(verifier, "product")
    router = APIRouter(tags=["availability"])

    @router.post(
        AVAILABILITY,
        summary="Check baskets, and hold those that ask for it",
        openapi_extra={**json_body(BODY), **secured("catalogue:read")},
        responses={200: {"model": dict[str, list[Availability]]}, **problems(400, 401, 403, 413, 415, 422, 503)},
    )
    async def check(request: Request) -> Response:
        """One answer per request, in order. With `hold`, which only sales may ask, all lines are held or none."""
        body = await read_json(request, BODY)
        wants_hold = any(one.hold for one in body.requests)
        guard(request, INTERNAL_SCOPE if wants_hold else "catalogue:read")
        faults = [
            {"pointer": f"/requests/{place}/order_id", "code": "missing", "detail": "A hold is for an order."}
            for place, one in enumerate(body.requests)
            if one.hold and one.order_id is None
        ]
        if faults:
            raise invalid(faults)
        return json_answer({"results": await availability(body.requests)})

    return router
