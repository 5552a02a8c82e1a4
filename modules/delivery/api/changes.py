"""What warehouse and carrier systems do to shipments over HTTP."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, ClassVar

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, ConfigDict, Field, StringConstraints, TypeAdapter

from modules.delivery.api.shown import ShipmentShown, shipment_id_of, shown
from modules.delivery.model import REPORTED
from modules.delivery.port import ShippedLine, StatusReport
from modules.delivery.service import DeliveryService
from modules.kernel.errors import PreconditionRequired
from modules.web.answer import etag, expected_version, json_answer
from modules.web.body import json_body, read_json
from modules.web.headers import IDEMPOTENCY_KEY, IF_MATCH, taking
from modules.web.idempotency import idempotency_key, repeatable, replay
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
    restock: bool | None = None
    """Of a return: whether the goods are fit to be sold again. They are, unless this says that they are not."""


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


def reporting(router: APIRouter, delivery: DeliveryService, guard: Guard) -> None:
    """Telling how far a shipment is."""

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
        told = StatusReport(
            body.status, body.at, body.note, body.tracking_code, body.carrier, key, version, body.restock
        )
        reported = await delivery.report_once(principal.client_id, shipment_id_of(shipment_id), told)
        headers = {"ETag": etag(reported.answer.version)}
        return json_answer(shown(reported.answer), headers=headers | replay(replayed=reported.replayed))


def splitting(router: APIRouter, delivery: DeliveryService, guard: Guard) -> None:
    """Having a shipment go out in two parts."""

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
        new = await delivery.split_as_of(principal.client_id, shipment_id_of(shipment_id), lines, version, asked)
        headers = {"Location": f"/api/v1/shipments/{new.answer.id}", "ETag": etag(new.answer.version)}
        return json_answer(shown(new.answer), 201, headers | replay(replayed=new.replayed))


def _once(version: int | None, key: str | None) -> None:
    """See that a repeat can be told from another request.

    Raises:
        PreconditionRequired: it can't.
    """
    if version is None and key is None:
        raise PreconditionRequired("Send If-Match with the version you saw, or an Idempotency-Key.")
