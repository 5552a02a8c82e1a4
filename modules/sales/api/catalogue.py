"""The catalogue for customers: what there is to buy, and what it would cost."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict, TypeAdapter

from modules.kernel.money import Currency
from modules.kernel.principal import Verifier
from modules.sales.api.door import Door, Pace
from modules.sales.api.line import Lines, added_up
from modules.sales.service import Look, OfferView, QuoteRequest, QuoteView
from modules.web.answer import Page, json_answer, page
from modules.web.body import json_body, read_json
from modules.web.links import OF_FIRST, leading
from modules.web.problem import problems
from modules.web.security import secured

SCOPE = "orders:read"


@dataclass(frozen=True, slots=True)
class QuoteBody:
    """What a customer thinks of ordering; the same SKU twice is added up."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    lines: Lines
    currency: Currency | None = None


BODY = TypeAdapter(QuoteBody)

LookAt = Callable[[Look], Awaitable[Sequence[OfferView]]]
Quote = Callable[[QuoteRequest], Awaitable[QuoteView]]


def catalogue_routes(look: LookAt, quote: Quote, verifier: Verifier, pace: Pace | None = None) -> APIRouter:
    """What customers' systems read before they order; `look` and `quote` may gather concurrent requests into one."""
    door = Door(verifier, pace)
    router = APIRouter(prefix="/api/v1", tags=["catalogue"])
    _offers(router, look, door)
    _quotes(router, quote, door)
    return router


def _offers(router: APIRouter, look: LookAt, door: Door) -> None:
    @router.get(
        "/catalogue",
        summary="What can be bought, by SKU",
        openapi_extra=secured(SCOPE),
        responses={
            200: {"model": Page[OfferView], **leading("sku", OF_FIRST.format("sku"), "catalogue_offer")},
            **problems(401, 403, 422, 429, 503),
        },
    )
    async def offers(
        request: Request,
        prefix: Annotated[str, Query(max_length=64)] = "",
        cursor: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        """`in_stock` is as of now: only an order holds anything."""
        await door(request, SCOPE)
        found = await look(Look(prefix=prefix, after=cursor, limit=limit + 1))
        return page(request, found[:limit], found[limit - 1].sku if len(found) > limit else None)

    @router.get(
        "/catalogue/{sku:path}",
        summary="One thing that can be bought",
        openapi_extra=secured(SCOPE),
        responses={200: {"model": OfferView}, **problems(401, 403, 404, 429, 503)},
    )
    async def offer(request: Request, sku: str) -> Response:
        await door(request, SCOPE)
        (found,) = await look(Look(sku))
        return json_answer(found)


def _quotes(router: APIRouter, quote: Quote, door: Door) -> None:
    @router.post(
        "/quotes",
        summary="What an order would cost, and whether it could be had",
        openapi_extra={**json_body(BODY), **secured(SCOPE)},
        responses={200: {"model": QuoteView}, **problems(400, 401, 403, 413, 415, 422, 429, 503)},
    )
    async def quotes(request: Request) -> Response:
        """Nothing is held, and prices may change: say `expected_total` with the order to have it at this price or not."""
        await door(request, SCOPE, changes=False)
        body = await read_json(request, BODY)
        return json_answer(await quote(QuoteRequest(added_up(body.lines), body.currency)))
