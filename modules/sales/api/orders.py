"""The orders API: what customers' systems call."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Annotated, ClassVar
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter

from modules.kernel.idempotency import fingerprint
from modules.kernel.ids import OrderId
from modules.kernel.money import Currency, Money
from modules.kernel.principal import Verifier
from modules.sales.api.door import Door, Pace
from modules.sales.api.line import Lines, added_up
from modules.sales.model import STEPS, OrderTransitions, transitions
from modules.sales.port import Address, OrderNotFound, OrderView, Text, TransitionView
from modules.sales.service import Orders, Placed, PlaceOrder
from modules.web.answer import Page, cursor_of, etag, json_answer, not_modified, page, place_of
from modules.web.body import invalid, json_body, read_json
from modules.web.headers import IDEMPOTENCY_KEY, IF_NONE_MATCH, LAST_EVENT_ID, taking
from modules.web.idempotency import idempotency_key, repeatable, replay
from modules.web.links import OF_FIRST, OF_ONE, leading
from modules.web.problem import problems
from modules.web.security import secured
from modules.web.sse import EventStream, frame, last_event_id

Note = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00]*$")]
NoteName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,40}$")]


@dataclass(frozen=True, slots=True)
class OrderBody:
    """What a customer orders; the same SKU twice is added up."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    lines: Lines
    ship_to: Address
    reference: Text | None = None
    currency: Currency | None = None
    expected_total: Money | None = None
    metadata: Annotated[dict[NoteName, Note], Field(max_length=20)] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CancelBody:
    """Why an order is not wanted any more."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    reason: Text | None = None


class OrderStep(BaseModel):
    """One step of an order's life; `sequence` counts from 1 without a gap, and the first comes from nowhere."""

    sequence: int
    from_: Annotated[str | None, Field(alias="from")]
    to: str
    at: AwareDatetime
    reason: str | None
    actor: str


OF_AN_ORDER = ("orders_one", "orders_history", "orders_moves", "orders_cancel", "orders_events")
BODY = TypeAdapter(OrderBody)
CANCEL_BODY = TypeAdapter(CancelBody)

Place = Callable[[PlaceOrder], Awaitable[Placed]]


def routes(place: Place, orders: Orders, verifier: Verifier, pace: Pace | None = None) -> APIRouter:
    """What customers' systems call; `place` may gather concurrent orders into one batch."""
    door = Door(verifier, pace)
    router = APIRouter(prefix="/api/v1/orders", tags=["orders"])
    _placing(router, place, door)
    _listing(router, orders, door)
    _reading(router, orders, door)
    _moving(router, orders, door)
    _cancelling(router, orders, door)
    _following(router, orders, door)
    return router


def _placing(router: APIRouter, place: Place, door: Door) -> None:
    @router.post(
        "",
        summary="Place an order",
        status_code=201,
        openapi_extra={**json_body(BODY), **taking(IDEMPOTENCY_KEY), **secured("orders:write")},
        responses={
            201: {"model": OrderView, **leading("order_id", OF_ONE.format("id"), *OF_AN_ORDER)},
            **problems(400, 401, 403, 409, 413, 415, 422, 429, 503),
        },
    )
    async def place_order(request: Request) -> Response:
        """Stock is held, then the order is stored: `201` is for ever. Repeat with the same `Idempotency-Key` at will."""
        principal = await door(request, "orders:write")
        key = idempotency_key(request)
        body = await read_json(request, BODY)
        placed = await place(
            PlaceOrder(
                client_id=principal.client_id,
                key=key,
                fingerprint=fingerprint(body),
                lines=added_up(body.lines),
                ship_to=shown(body.ship_to),
                reference=body.reference,
                currency=body.currency,
                expected_total=body.expected_total,
                metadata=body.metadata,
            )
        )
        headers = {"Location": f"/api/v1/orders/{placed.order.id}", "ETag": etag(placed.order.version)}
        return json_answer(placed.order, 201, headers | replay(replayed=placed.replayed))


def _listing(router: APIRouter, orders: Orders, door: Door) -> None:
    @router.get(
        "",
        summary="Own orders, newest first",
        openapi_extra=secured("orders:read"),
        responses={
            200: {"model": Page[OrderView], **leading("order_id", OF_FIRST.format("id"), *OF_AN_ORDER)},
            **problems(401, 403, 422, 429, 503),
        },
    )
    async def newest(
        request: Request,
        status: Annotated[str | None, Query(max_length=40, json_schema_extra={"enum": list(STEPS)})] = None,
        reference: Annotated[str | None, Query(max_length=200)] = None,
        placed_after: AwareDatetime | None = None,
        placed_before: AwareDatetime | None = None,
        cursor: Annotated[str | None, Query(max_length=200)] = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        """A page may hold fewer than `limit`, or none, and still have a `next`: where few orders have the status asked for."""
        principal = await door(request, "orders:read")
        if status is not None and status not in STEPS:
            raise invalid([{"pointer": "/status", "code": "enum", "detail": f"One of {', '.join(STEPS)}."}])
        found, behind = await orders.newest(
            limit,
            place_of(cursor),
            client_id=principal.client_id,
            status=status,
            reference=reference,
            after=placed_after,
            before=placed_before,
        )
        return page(request, found, None if behind is None else cursor_of(*behind))


def _reading(router: APIRouter, orders: Orders, door: Door) -> None:
    @router.get(
        "/{order_id}",
        summary="One order",
        openapi_extra={**taking(IF_NONE_MATCH), **secured("orders:read")},
        responses={200: {"model": OrderView}, 304: {}, **problems(401, 403, 404, 429, 503)},
    )
    async def one(request: Request, order_id: str) -> Response:
        principal = await door(request, "orders:read")
        order = await orders.one(_id(order_id), principal.client_id)
        headers = {"ETag": etag(order.version)}
        if not_modified(request, order.version):
            return Response(status_code=304, headers=headers)
        return json_answer(order, headers=headers)

    @router.get(
        "/{order_id}/history",
        summary="Every step that an order took",
        openapi_extra=secured("orders:read"),
        responses={200: {"model": Page[OrderStep]}, **problems(401, 403, 404, 429, 503)},
    )
    async def history(request: Request, order_id: str) -> Response:
        principal = await door(request, "orders:read")
        steps = await orders.history(_id(order_id), principal.client_id)
        return page(request, [_step(step) for step in steps], None)


def _moving(router: APIRouter, orders: Orders, door: Door) -> None:
    @router.get(
        "/{order_id}/transitions",
        summary="What may happen to an order now, and what may not, with the reason",
        openapi_extra={**taking(IF_NONE_MATCH), **secured("orders:read")},
        responses={200: {"model": OrderTransitions}, 304: {}, **problems(401, 403, 404, 429, 503)},
    )
    async def moves(request: Request, order_id: str) -> Response:
        """`cancelling` is the customer's to ask for (`POST …/cancel`), as long as sales knows of nothing that left."""
        principal = await door(request, "orders:read")
        order = await orders.one(_id(order_id), principal.client_id)
        headers = {"ETag": etag(order.version)}
        if not_modified(request, order.version):
            return Response(status_code=304, headers=headers)
        return json_answer(
            transitions(order.status, {one.part: one.status for one in order.shipments}), headers=headers
        )


def _cancelling(router: APIRouter, orders: Orders, door: Door) -> None:
    said = json_body(CANCEL_BODY)
    said["requestBody"]["required"] = False

    @router.post(
        "/{order_id}/cancel",
        summary="Cancel an order",
        status_code=202,
        openapi_extra={**said, **taking(IDEMPOTENCY_KEY), **secured("orders:write")},
        responses={202: {"model": OrderView}, **problems(400, 401, 403, 404, 409, 413, 415, 422, 429, 503)},
    )
    async def cancel(request: Request, order_id: str) -> Response:
        """Delivery decides: the order is `cancelling` until it is `cancelled`, or goes on, with the reason. Repeat at will."""
        principal = await door(request, "orders:write")
        body = await read_json(request, CANCEL_BODY) if await request.body() else CancelBody()
        cancelled = await orders.cancel_own(
            principal.client_id, _id(order_id), body.reason, repeatable(request, principal, body)
        )
        headers = {"ETag": etag(cancelled.answer.version)}
        return json_answer(cancelled.answer, 202, headers | replay(replayed=cancelled.replayed))


def _following(router: APIRouter, orders: Orders, door: Door) -> None:
    @router.get(
        "/{order_id}/events",
        summary="An order's steps as they are taken",
        openapi_extra={**taking(LAST_EVENT_ID), **secured("orders:read")},
        response_class=StreamingResponse,
        responses={
            200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}},
            **problems(401, 403, 404, 429, 503),
        },
    )
    async def events(request: Request, order_id: str) -> Response:
        """`Last-Event-ID` resumes; the stream ends with the order's last step, and when the token expires or is revoked."""
        principal = await door(request, "orders:read")
        steps = await orders.follow(_id(order_id), principal.client_id, last_event_id(request))
        return EventStream(_frames(steps), lambda: door.is_open(request, "orders:read"))


async def _frames(steps: AsyncGenerator[Sequence[TransitionView]]) -> AsyncGenerator[Sequence[bytes]]:
    async with aclosing(steps):
        async for batch in steps:
            yield [frame("transition", step.sequence, _step(step)) for step in batch]


def _step(step: TransitionView) -> dict[str, object]:
    return {
        "sequence": step.sequence,
        "from": step.from_,
        "to": step.to,
        "at": step.at,
        "reason": step.reason,
        "actor": step.actor,
    }


def shown(address: Address) -> dict[str, str]:
    """An address without the members it has not."""
    members = ("name", "company", "line1", "line2", "city", "region", "postal_code", "country", "phone", "email")
    return {member: value for member in members if (value := getattr(address, member)) is not None}


def _id(text: str) -> OrderId:
    try:
        return OrderId(UUID(text))
    except ValueError:
        raise OrderNotFound("There is no such order.") from None
