"""Shipments over HTTP, as warehouse and carrier systems see them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from modules.delivery.api.shown import ShipmentShown, shipment_id_of, shown
from modules.delivery.model import STEPS, ShipmentTransitions, transitions
from modules.delivery.service import DeliveryService
from modules.kernel.ids import OrderId
from modules.web.answer import Page, cursor_of, etag, json_answer, not_modified, page, place_of
from modules.web.body import invalid
from modules.web.headers import IF_NONE_MATCH, taking
from modules.web.links import OF_FIRST, leading
from modules.web.problem import problems
from modules.web.security import Guard, secured

OF_A_SHIPMENT = ("shipments_one", "shipments_moves", "shipments_report", "shipments_split")


def reading(router: APIRouter, delivery: DeliveryService, guard: Guard) -> None:
    """One shipment, and all of them."""

    @router.get(
        "",
        summary="Shipments, newest first",
        openapi_extra=secured("shipments:read"),
        responses={
            200: {"model": Page[ShipmentShown], **leading("shipment_id", OF_FIRST.format("id"), *OF_A_SHIPMENT)},
            **problems(401, 403, 422, 503),
        },
    )
    async def newest(
        request: Request,
        order_id: UUID | None = None,
        status: Annotated[str | None, Query(max_length=40, json_schema_extra={"enum": list(STEPS)})] = None,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        guard(request, "shipments:read")
        if status is not None and status not in STEPS:
            raise invalid([{"pointer": "/status", "code": "enum", "detail": f"One of {', '.join(STEPS)}."}])
        order = None if order_id is None else OrderId(order_id)
        found = await delivery.shipments(order, status, limit + 1, place_of(cursor))
        last = found[limit - 1] if len(found) > limit else None
        cursor = None if last is None else cursor_of(last.opened_at, last.id)
        return page(request, [shown(one) for one in found[:limit]], cursor)

    @router.get(
        "/{shipment_id}",
        summary="One shipment with its history",
        openapi_extra={**taking(IF_NONE_MATCH), **secured("shipments:read")},
        responses={200: {"model": ShipmentShown}, 304: {}, **problems(401, 403, 404, 503)},
    )
    async def one(request: Request, shipment_id: str) -> Response:
        guard(request, "shipments:read")
        shipment = await delivery.shipment(shipment_id_of(shipment_id))
        headers = {"ETag": etag(shipment.version)}
        if not_modified(request, shipment.version):
            return Response(status_code=304, headers=headers)
        return json_answer(shown(shipment), headers=headers)


def moving(router: APIRouter, delivery: DeliveryService, guard: Guard) -> None:
    """Where a shipment may go from where it is."""

    @router.get(
        "/{shipment_id}/transitions",
        summary="What may happen to a shipment now, and what may not, with the reason",
        openapi_extra={**taking(IF_NONE_MATCH), **secured("shipments:read")},
        responses={200: {"model": ShipmentTransitions}, 304: {}, **problems(401, 403, 404, 503)},
    )
    async def moves(request: Request, shipment_id: str) -> Response:
        """What the warehouse or the carrier brings about can be reported (`POST …/status`)."""
        guard(request, "shipments:read")
        shipment = await delivery.shipment(shipment_id_of(shipment_id))
        headers = {"ETag": etag(shipment.version)}
        if not_modified(request, shipment.version):
            return Response(status_code=304, headers=headers)
        return json_answer(transitions(shipment.status), headers=headers)
