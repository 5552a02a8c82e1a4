"""What carriers push. Source: Standard Webhooks 1.0.0."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter

from modules.delivery.api.changes import Instant, Text
from modules.delivery.model import REPORTED, Secrets, signed_with
from modules.delivery.port import CarrierUpdate, NoSuchCarrier
from modules.delivery.service import Hearing
from modules.kernel.clock import Clock
from modules.kernel.ids import ShipmentId
from modules.web.answer import json_answer
from modules.web.body import invalid, json_body, read_json
from modules.web.headers import Parameter, taking
from modules.web.idempotency import replay
from modules.web.problem import problems


@dataclass(frozen=True, slots=True)
class UpdateBody:
    """A step that a parcel took, and when; it is named by its id or by its tracking code."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    status: Annotated[str, StringConstraints(pattern=f"^({'|'.join(sorted(REPORTED))})$")]
    at: Instant
    shipment_id: UUID | None = None
    tracking_code: Text | None = None
    note: Text | None = None
    restock: bool | None = None


class UpdateHeard(BaseModel):
    """What an update came to: `applied`, `waiting` for steps before it, `past`, or `impossible`.

    `status` is where the shipment is by now.
    """

    message_id: str
    shipment_id: UUID
    outcome: str
    status: str


def _header(name: str, description: str) -> Parameter:
    schema = {"type": "string", "minLength": 1}
    return {"name": name, "in": "header", "required": True, "description": description, "schema": schema}


BODY = TypeAdapter(UpdateBody)
SIGNED = (
    _header("webhook-id", "Names this message: sent again it counts once."),
    _header("webhook-timestamp", "When it was signed, in seconds since 1970; five minutes from now at most."),
    _header("webhook-signature", "`v1,` and the base64 of HMAC-SHA-256 over `id.timestamp.body`; several with spaces."),
)


def carrier_routes(hearing: Hearing, secrets: Mapping[str, Secrets], clock: Clock) -> APIRouter:
    """What carriers push; `secrets` says who they are, and how their signatures are known."""
    router = APIRouter(prefix="/api/v1/carriers", tags=["carriers"])

    @router.post(
        "/{carrier}/updates",
        summary="Push a step that a parcel took, signed",
        openapi_extra={**json_body(BODY), **taking(*SIGNED)},
        responses={200: {"model": UpdateHeard}, **problems(400, 401, 404, 409, 413, 415, 422, 503)},
    )
    async def push(request: Request, carrier: str) -> Response:
        """Signed as Standard Webhooks are. Each `webhook-id` counts once; what is 200 is kept, whatever it came to.

        Updates may come late, for 30 days, and in any order: a step that comes too early waits for those before it.
        """
        if carrier not in secrets:
            raise NoSuchCarrier(f"There is no carrier {carrier[:40]!r} here.")
        version = signed_with(secrets[carrier], request.headers, await request.body(), clock.now())
        body = await read_json(request, BODY)
        if body.shipment_id is None and body.tracking_code is None:
            detail = "Name the shipment by its id, or by its tracking code."
            raise invalid([{"pointer": "/shipment_id", "code": "missing", "detail": detail}])
        update = CarrierUpdate(
            message_id=request.headers["webhook-id"],
            status=body.status,
            at=body.at,
            shipment_id=None if body.shipment_id is None else ShipmentId(body.shipment_id),
            tracking_code=body.tracking_code,
            note=body.note,
            restock=body.restock,
            secret_version=version,
        )
        heard = await hearing.hear(carrier, update)
        answer = UpdateHeard.model_construct(
            message_id=heard.message_id, shipment_id=heard.shipment_id, outcome=heard.outcome, status=heard.status
        )
        return json_answer(answer.model_dump(), headers=replay(replayed=heard.replayed))

    return router
