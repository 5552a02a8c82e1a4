"""The ports of product over HTTP; what the operator calls is in a file of its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field, TypeAdapter

from modules.kernel import rpc
from modules.kernel.errors import Forbidden
from modules.kernel.events import Progress
from modules.kernel.ids import HoldId, service_id
from modules.kernel.principal import INTERNAL_SCOPE, Verifier
from modules.product.port import Availability, AvailabilityRequest, CatalogueItem, CatalogueRequest, ProductPort
from modules.product.remote.operator import OPERATOR_METHODS, RemoteProductOperator, operator_routes
from modules.web.body import invalid, json_body, read_json
from modules.web.internal import Served, in_time, same_contract, served
from modules.web.problem import problems
from modules.web.security import Guard, secured

AVAILABILITY = rpc.crossing(ProductPort.availability, "/availability", member="results", each="requests")
RELEASE = rpc.crossing(ProductPort.release, "/internal/product/release")
CATALOGUE = rpc.crossing(ProductPort.catalogue, "/internal/product/catalogue", each="requests")
PROGRESS = rpc.crossing(ProductPort.progress, "/internal/product/progress")
__all__ = ["METHODS", "RemoteProduct", "RemoteProductOperator", "operator_routes", "routes"]

METHODS: tuple[rpc.Crossing[..., Any], ...] = (AVAILABILITY, RELEASE, CATALOGUE, PROGRESS, *OPERATOR_METHODS)
MAX_REQUESTS = 1000
HOLDER = service_id("sales")


@dataclass(frozen=True, slots=True)
class AvailabilityBody:
    """Baskets to check, 1 to 1,000 of them."""

    requests: Annotated[tuple[AvailabilityRequest, ...], Field(min_length=1, max_length=MAX_REQUESTS)]


BODY = TypeAdapter(AvailabilityBody)


def routes(product: ProductPort, verifier: Verifier) -> APIRouter:
    """What other processes call of the product that is hosted here."""
    methods: Served = {RELEASE: product.release, CATALOGUE: product.catalogue, PROGRESS: product.progress}
    router = served("product", verifier, methods, METHODS)
    _check(router, product, Guard(verifier, "product"))
    return router


def _check(router: APIRouter, product: ProductPort, guard: Guard) -> None:
    @router.post(
        AVAILABILITY.path,
        summary="Check baskets, and hold those that ask for it",
        tags=["availability"],
        openapi_extra={**json_body(BODY), **secured("catalogue:read")},
        responses={200: {"model": dict[str, list[Availability]]}, **problems(400, 401, 403, 413, 415, 422, 503)},
    )
    async def check(request: Request) -> Response:
        """One answer per request, in order. With `hold`, which only sales may ask, all lines are held or none."""
        principal = guard(request, "catalogue:read", INTERNAL_SCOPE)  # first: a stranger's body is not worth reading
        body = await read_json(request, BODY)
        if any(one.hold for one in body.requests):
            principal.require(INTERNAL_SCOPE)
            if principal.client_id != HOLDER:
                raise Forbidden("Only sales holds stock: its orders are what a hold is for.")
        same_contract(request, AVAILABILITY)
        faults = [
            {"pointer": f"/requests/{place}/order_id", "code": "missing", "detail": "A hold is for an order."}
            for place, one in enumerate(body.requests)
            if one.hold and one.order_id is None
        ]
        if faults:
            raise invalid(faults)
        answers = await in_time(request, lambda: product.availability(body.requests))
        return Response(AVAILABILITY.write_answer(answers), media_type="application/json")


class RemoteProduct:
    """Fulfils `ProductPort` where product lives in another process."""

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def availability(self, requests: Sequence[AvailabilityRequest]) -> Sequence[Availability]:
        """Check baskets, and hold those that ask for it: one answer per request, in order."""
        if not requests:
            return []
        return await self._channel.call(AVAILABILITY, requests)

    async def release(self, hold_ids: Sequence[HoldId]) -> None:
        """Give back holds that were decided void."""
        await self._channel.call(RELEASE, hold_ids)

    async def catalogue(self, requests: Sequence[CatalogueRequest]) -> Sequence[tuple[CatalogueItem, ...]]:
        """What can be bought, by SKU: one answer per request, in order."""
        return await self._channel.call(CATALOGUE, requests)

    async def progress(self, source: str, subjects: Sequence[UUID]) -> Progress:
        """How far product is with the events of `source` about `subjects`."""
        return await self._channel.call(PROGRESS, source, subjects)
