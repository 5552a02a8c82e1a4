"""Catalogue and stock over HTTP, for catalogue operators and our own services."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from modules.kernel.principal import Verifier
from modules.product.port import MAX_QUANTITY, NoSuchProduct, ProductView, StockChange, StockView
from modules.product.service import Catalogue
from modules.web.answer import Page, etag, json_answer, not_modified, page
from modules.web.body import json_body, read_json
from modules.web.headers import IF_NONE_MATCH, taking
from modules.web.links import OF_FIRST, leading
from modules.web.problem import problems
from modules.web.security import Guard, secured


class MovementBody(BaseModel):
    """A receipt (adds), a count (sets) or a correction (adds, may be negative)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["receipt", "count", "correction"]
    quantity: Annotated[int, Field(strict=True, ge=-MAX_QUANTITY, le=10**12)]
    key: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,255}$")]
    reason: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""

    @model_validator(mode="after")
    def _sign(self) -> "MovementBody":
        if self.kind != "correction" and self.quantity < 0:
            raise ValueError("only a correction may be negative")
        return self


OF_A_PRODUCT = ("catalogue_product", "stock_stock", "stock_move")
MOVEMENT = TypeAdapter(MovementBody)


def routes(catalogue: Catalogue, verifier: Verifier) -> APIRouter:
    """What catalogue operators call."""
    guard = Guard(verifier, "product")
    router = APIRouter(prefix="/api/v1")
    _products(router, catalogue, guard)
    _stock(router, catalogue, guard)
    return router


def _products(router: APIRouter, catalogue: Catalogue, guard: Guard) -> None:
    @router.get(
        "/products",
        tags=["catalogue"],
        summary="The catalogue by SKU",
        openapi_extra={**secured("catalogue:read")},
        responses={
            200: {"model": Page[ProductView], **leading("sku", OF_FIRST.format("sku"), *OF_A_PRODUCT)},
            **problems(401, 403, 422, 503),
        },
    )
    async def products(
        request: Request,
        prefix: Annotated[str, Query(max_length=64)] = "",
        cursor: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        guard(request, "catalogue:read")
        found = await catalogue.products(cursor, limit + 1, prefix)
        return page(request, found[:limit], found[limit - 1].sku if len(found) > limit else None)

    @router.get(
        "/products/{sku:path}",
        tags=["catalogue"],
        summary="One product",
        openapi_extra={**taking(IF_NONE_MATCH), **secured("catalogue:read")},
        responses={200: {"model": ProductView}, 304: {}, **problems(401, 403, 404, 503)},
    )
    async def product(request: Request, sku: str) -> Response:
        guard(request, "catalogue:read")
        found = await catalogue.product(sku)
        if not_modified(request, found.version):
            return Response(status_code=304, headers={"ETag": etag(found.version)})
        return json_answer(found, headers={"ETag": etag(found.version)})


def _stock(router: APIRouter, catalogue: Catalogue, guard: Guard) -> None:
    @router.post(
        "/stock/{sku:path}/movements",
        tags=["stock"],
        summary="Receive, count or correct stock, once per key",
        openapi_extra={**json_body(MOVEMENT), **secured("stock:write")},
        responses={200: {"model": StockView}, **problems(400, 401, 403, 404, 409, 413, 415, 422, 503)},
    )
    async def move(request: Request, sku: str) -> Response:
        principal = guard(request, "stock:write")
        body = await read_json(request, MOVEMENT)
        change = StockChange(body.kind, body.quantity, body.key, body.reason)
        return json_answer(await catalogue.change_stock(principal.client_id, sku, change))

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
