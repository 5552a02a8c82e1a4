"""Stock over HTTP: how much there is, and what changes that."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from modules.product.port import MAX_QUANTITY, NoSuchProduct, StockChange, StockView
from modules.product.service import Catalogue
from modules.web.answer import json_answer
from modules.web.body import json_body, read_json
from modules.web.headers import IDEMPOTENCY_KEY, taking
from modules.web.idempotency import repeatable, replay
from modules.web.problem import problems
from modules.web.security import Guard, secured


class MovementBody(BaseModel):
    """A receipt (adds), a count (sets) or a correction (adds, may be negative).

    With `force` a count below what open orders hold is booked, and what is missing becomes a shortage.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["receipt", "count", "correction"]
    quantity: Annotated[int, Field(strict=True, ge=-MAX_QUANTITY, le=10**12)]
    key: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]
    reason: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    force: Annotated[bool, Field(strict=True)] = False

    @model_validator(mode="after")
    def _sign(self) -> "MovementBody":
        if self.kind != "correction" and self.quantity < 0:
            raise ValueError("only a correction may be negative")
        if self.kind != "count" and self.force:
            raise ValueError("only a count can be forced")
        return self


MOVEMENT = TypeAdapter(MovementBody)


def stock_routes(router: APIRouter, catalogue: Catalogue, guard: Guard) -> None:
    """What there is under `/stock`."""

    @router.post(
        "/stock/{sku:path}/movements",
        tags=["stock"],
        summary="Receive, count or correct stock, once per key",
        openapi_extra={**json_body(MOVEMENT), **taking(IDEMPOTENCY_KEY), **secured("stock:write")},
        responses={200: {"model": StockView}, **problems(400, 401, 403, 404, 409, 413, 415, 422, 503)},
    )
    async def move(request: Request, sku: str) -> Response:
        """The `key` is the movement's for ever. With an `Idempotency-Key`, a repeat gets the first answer for a day."""
        principal = guard(request, "stock:write")
        body = await read_json(request, MOVEMENT)
        change = StockChange(body.kind, body.quantity, body.key, body.reason, body.force)
        done = await catalogue.move(principal.client_id, sku, change, repeatable(request, principal, body.model_dump()))
        return json_answer(done.answer, headers=replay(replayed=done.replayed))

    @router.get(
        "/stock/{sku:path}",
        tags=["stock"],
        summary="How much there is of one product",
        openapi_extra={**secured("catalogue:read")},
        responses={200: {"model": StockView}, **problems(401, 403, 404, 503)},
    )
    async def stock(request: Request, sku: str) -> Response:
        guard(request, "catalogue:read")
        found = await catalogue.stock([sku])
        if not found:
            raise NoSuchProduct(sku=sku)
        return json_answer(found[0])
