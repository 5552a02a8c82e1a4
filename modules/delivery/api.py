"""Shipments over HTTP: what warehouse and carrier systems call."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from modules.delivery.model import REPORTED, STEPS, ShipmentTransitions, transitions
from modules.delivery.port import NoSuchShipment, ShipmentTransitionView, ShipmentView, ShippedLine, StatusReport
from modules.delivery.service import DeliveryService
from modules.kernel.errors import PreconditionRequired
from modules.kernel.ids import OrderId, ShipmentId
from modules.kernel.principal import Verifier
from modules.web.answer import Page, cursor_of, etag, expected_version, json_answer, not_modified, page, place_of
from modules.web.body import invalid, json_body, read_json
from modules.web.headers import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, taking
from modules.web.idempotency import idempotency_key, repeatable, replay
from modules.web.links import OF_FIRST, leading
from modules.web.problem import problems
from modules.web.security import Guard, secured

Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
# Instants that Python and PostgreSQL both can hold, in every time zone.
Instant = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), lt=datetime(3000, 1, 1, tzinfo=UTC))]


@dataclass(frozen=True, slots=True)
class StatusBody:
    """The step that a shipment took."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    status: Annotated[str, StringConstraints(pattern=f"^({'|'.join(sorted(REPORTED))})$")]
    at: Instant | None = None
    note: Text | None = None
    tracking_code: Text | None = None
    carrier: Text | None = None


class ShipmentStep(BaseModel):
    """One step of a shipment; `sequence` counts from 1 without a gap, and the first comes from nowhere."""

    sequence: int
    from_: Annotated[str | None, Field(alias="from")]
    to: str
    at: AwareDatetime
    note: str | None
    actor: str


class ShipmentShown(BaseModel):
    """A shipment: part `part` of its order, what is in it, where it goes, and every step that it took."""

    id: ShipmentId
    order_id: OrderId
    part: int
    status: str
    carrier: str | None
    tracking_code: str | None
    lines: list[ShippedLine]
    ship_to: Mapping[str, object]
    history: list[ShipmentStep]
    opened_at: AwareDatetime
    updated_at: AwareDatetime
    version: int


OF_A_SHIPMENT = ("shipments_one", "shipments_moves", "shipments_report", "shipments_split")


@dataclass(frozen=True, slots=True)
class SplitLine:
    """So many pieces of one thing."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    sku: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
    quantity: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


@dataclass(frozen=True, slots=True)
class SplitBody:
    """What goes into a new part; the same SKU twice is added up."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    lines: Annotated[tuple[SplitLine, ...], Field(min_length=1, max_length=200)]


BODY = TypeAdapter(StatusBody)
SPLIT_BODY = TypeAdapter(SplitBody)


def routes(delivery: DeliveryService, verifier: Verifier) -> APIRouter:
    """What warehouse and carrier systems call."""
    guard = Guard(verifier, "delivery")
    router = APIRouter(prefix="/api/v1/shipments", tags=["shipments"])
    _reading(router, delivery, guard)
    _moving(router, delivery, guard)
    _reporting(router, delivery, guard)
    _splitting(router, delivery, guard)
    return router


def _reading(router: APIRouter, delivery: DeliveryService, guard: Guard) -> None:
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
        return page(request, [_shown(one) for one in found[:limit]], cursor)

    @router.get(
        "/{shipment_id}",
        summary="One shipment with its history",
        openapi_extra={**taking(IF_NONE_MATCH), **secured("shipments:read")},
        responses={200: {"model": ShipmentShown}, 304: {}, **problems(401, 403, 404, 503)},
    )
    async def one(request: Request, shipment_id: str) -> Response:
        guard(request, "shipments:read")
        shipment = await delivery.shipment(_id(shipment_id))
        headers = {"ETag": etag(shipment.version)}
        if not_modified(request, shipment.version):
            return Response(status_code=304, headers=headers)
        return json_answer(_shown(shipment), headers=headers)


def _moving(router: APIRouter, delivery: DeliveryService, guard: Guard) -> None:
    @router.get(
        "/{shipment_id}/transitions",
        summary="What may happen to a shipment now, and what may not, with the reason",
        openapi_extra={**taking(IF_NONE_MATCH), **secured("shipments:read")},
        responses={200: {"model": ShipmentTransitions}, 304: {}, **problems(401, 403, 404, 503)},
    )
    async def moves(request: Request, shipment_id: str) -> Response:
        """What the warehouse or the carrier brings about can be reported (`POST …/status`)."""
        guard(request, "shipments:read")
        shipment = await delivery.shipment(_id(shipment_id))
        headers = {"ETag": etag(shipment.version)}
        if not_modified(request, shipment.version):
            return Response(status_code=304, headers=headers)
        return json_answer(transitions(shipment.status), headers=headers)


def _reporting(router: APIRouter, delivery: DeliveryService, guard: Guard) -> None:
    @router.post(
        "/{shipment_id}/status",
        summary="Report the step that a shipment took",
        openapi_extra={**json_body(BODY), **taking(IF_MATCH, IDEMPOTENCY_KEY), **secured("shipments:write")},
        responses={200: {"model": ShipmentShown}, **problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 503)},
    )
    async def report(request: Request, shipment_id: str) -> Response:
        """With `If-Match` or an `Idempotency-Key`, so that a repeat is no second step."""
        principal = guard(request, "shipments:write")
        version, key = expected_version(request), idempotency_key(request)
        _once(version, key)
        body = await read_json(request, BODY)
        told = StatusReport(body.status, body.at, body.note, body.tracking_code, body.carrier, key, version)
        shipment = await delivery.report(principal.client_id, _id(shipment_id), told)
        return json_answer(_shown(shipment), headers={"ETag": etag(shipment.version)})


def _splitting(router: APIRouter, delivery: DeliveryService, guard: Guard) -> None:
    @router.post(
        "/{shipment_id}/split",
        summary="Put some of what is in a shipment into a new part of its order",
        status_code=201,
        openapi_extra={**json_body(SPLIT_BODY), **taking(IF_MATCH, IDEMPOTENCY_KEY), **secured("shipments:write")},
        responses={201: {"model": ShipmentShown}, **problems(400, 401, 403, 404, 409, 412, 413, 415, 422, 428, 503)},
    )
    async def split(request: Request, shipment_id: str) -> Response:
        """Answers the new part, which is pending. What stays is as far as it was: a packed one is opened for it.

        Only what has not left can be split, and something has to stay. With `If-Match` or an `Idempotency-Key`, so that
        a repeat is no second split.
        """
        principal = guard(request, "shipments:write")
        version = expected_version(request)
        _once(version, idempotency_key(request))
        body = await read_json(request, SPLIT_BODY)
        lines = [ShippedLine(line.sku, line.quantity) for line in body.lines]
        asked = repeatable(request, principal, body)
        new = await delivery.split_as_of(principal.client_id, _id(shipment_id), lines, version, asked)
        headers = {"Location": f"/api/v1/shipments/{new.answer.id}", "ETag": etag(new.answer.version)}
        return json_answer(_shown(new.answer), 201, headers | replay(replayed=new.replayed))


def _once(version: int | None, key: str | None) -> None:
    """See that a repeat can be told from another request.

    Raises:
        PreconditionRequired: it can't.
    """
    if version is None and key is None:
        raise PreconditionRequired("Send If-Match with the version you saw, or an Idempotency-Key.")


def _shown(shipment: ShipmentView) -> dict[str, object]:
    return {
        "id": shipment.id,
        "order_id": shipment.order_id,
        "part": shipment.part,
        "status": shipment.status,
        "carrier": shipment.carrier,
        "tracking_code": shipment.tracking_code,
        "lines": shipment.lines,
        "ship_to": shipment.ship_to,
        "history": [_step(step) for step in shipment.history],
        "opened_at": shipment.opened_at,
        "updated_at": shipment.updated_at,
        "version": shipment.version,
    }


def _step(step: ShipmentTransitionView) -> dict[str, object]:
    return {
        "sequence": step.sequence,
        "from": step.from_,
        "to": step.to,
        "at": step.at,
        "note": step.note,
        "actor": step.actor,
    }


def _id(text: str) -> ShipmentId:
    try:
        return ShipmentId(UUID(text))
    except ValueError:
        raise NoSuchShipment("There is no such shipment.") from None
