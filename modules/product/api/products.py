"""Products over HTTP: looked up, listed, put and retired."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Query, Request, Response
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from modules.kernel.errors import PreconditionRequired
from modules.kernel.money import MAX_UNIT_PRICE, Currency
from modules.product.port import Name, ProductView, ProductWanted, Sku
from modules.product.service import Catalogue
from modules.web.answer import Page, etag, expected_version, json_answer, not_modified, page
from modules.web.body import invalid, json_body, read_json
from modules.web.headers import IDEMPOTENCY_KEY, IF_MATCH, IF_NONE_MATCH, taking
from modules.web.idempotency import repeatable, replay
from modules.web.links import OF_FIRST, OF_ONE, leading
from modules.web.problem import problems
from modules.web.security import Guard, secured

OF_A_PRODUCT = ("catalogue_product", "stock_stock", "stock_move", "catalogue_put", "catalogue_retire")
IF_NONE_THERE = IF_NONE_MATCH | {
    "description": "`*`: only add the product, change none that there is.",
    "schema": {"type": "string", "pattern": r"^\*$"},
}
READS, WRITES = "catalogue:read", "catalogue:write"


@dataclass(frozen=True, slots=True)
class PriceBody:
    """What one piece costs, in minor units."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    amount: Annotated[int, Field(ge=0, le=MAX_UNIT_PRICE, strict=True)]
    currency: Currency


@dataclass(frozen=True, slots=True)
class ProductBody:
    """What a product is to be. Without `active` a new one is sold, and one that there is stays as it is."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: Name
    unit_price: PriceBody
    active: Annotated[bool, Field(strict=True)] | None = None


BODY = TypeAdapter(ProductBody)
SKU = TypeAdapter(Sku)


def product_routes(router: APIRouter, catalogue: Catalogue, guard: Guard) -> None:
    """What there is under `/products`."""
    _reading(router, catalogue, guard)
    _putting(router, catalogue, guard)
    _retiring(router, catalogue, guard)


def _reading(router: APIRouter, catalogue: Catalogue, guard: Guard) -> None:
    @router.get(
        "/products",
        tags=["catalogue"],
        summary="The catalogue by SKU",
        openapi_extra={**secured(READS)},
        responses={
            200: {"model": Page[ProductView], **leading("sku", OF_FIRST.format("sku"), *OF_A_PRODUCT)},
            **problems(401, 403, 422, 503),
        },
    )
    async def products(
        request: Request,
        prefix: Annotated[str, Query(max_length=64)] = "",
        active: Annotated[bool | None, Query()] = None,
        cursor: Annotated[str, Query(max_length=64)] = "",
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Response:
        """With `active` only those that are sold, or only the retired ones."""
        guard(request, READS)
        found = await catalogue.products(cursor, limit + 1, prefix, active=active)
        return page(request, found[:limit], found[limit - 1].sku if len(found) > limit else None)

    @router.get(
        "/products/{sku:path}",
        tags=["catalogue"],
        summary="One product",
        openapi_extra={**taking(IF_NONE_MATCH), **secured(READS)},
        responses={200: {"model": ProductView}, 304: {}, **problems(401, 403, 404, 503)},
    )
    async def product(request: Request, sku: str) -> Response:
        guard(request, READS)
        found = await catalogue.product(sku)
        if not_modified(request, found.version):
            return Response(status_code=304, headers={"ETag": etag(found.version)})
        return json_answer(found, headers={"ETag": etag(found.version)})


def _putting(router: APIRouter, catalogue: Catalogue, guard: Guard) -> None:
    @router.put(
        "/products/{sku:path}",
        tags=["catalogue"],
        summary="Add a product, or change it",
        openapi_extra={**json_body(BODY), **taking(IF_MATCH, IF_NONE_THERE, IDEMPOTENCY_KEY), **secured(WRITES)},
        responses={
            200: {"model": ProductView},
            201: {"model": ProductView, **leading("sku", OF_ONE.format("sku"), *OF_A_PRODUCT)},
            **problems(400, 401, 403, 412, 413, 415, 422, 428, 503),
        },
    )
    async def put(request: Request, sku: str) -> Response:
        """`If-None-Match: *` only adds, `If-Match` only changes the version that was seen, an `Idempotency-Key` alone does either.

        Orders, and what is held for them, keep the prices that they were placed at.
        """
        principal = guard(request, WRITES)
        version, new = expected_version(request), _only_new(request)
        if version is None and not new and "idempotency-key" not in request.headers:
            raise PreconditionRequired(
                "Send If-Match with the version you saw, If-None-Match: *, or an Idempotency-Key."
            )
        _sku(sku)
        body = await read_json(request, BODY)
        wanted = ProductWanted(body.name, body.unit_price.amount, body.unit_price.currency, body.active, version, new)
        done = await catalogue.put(principal.client_id, sku, wanted, repeatable(request, principal, body))
        product = done.answer.product
        headers = {"ETag": etag(product.version)} | replay(replayed=done.replayed)
        if not done.answer.created:
            return json_answer(product, headers=headers)
        return json_answer(product, 201, headers | {"Location": f"/api/v1/products/{sku}"})


def _retiring(router: APIRouter, catalogue: Catalogue, guard: Guard) -> None:
    @router.delete(
        "/products/{sku:path}",
        tags=["catalogue"],
        summary="Sell a product no more",
        openapi_extra={**taking(IF_MATCH, IDEMPOTENCY_KEY), **secured(WRITES)},
        responses={200: {"model": ProductView}, **problems(401, 403, 404, 412, 422, 503)},
    )
    async def retire(request: Request, sku: str) -> Response:
        """It stays in the catalogue with `active: false`; orders that have it are not touched. Repeat at will.

        `If-Match` retires only the version that was seen; one that is retired already stays so, whatever is seen.
        """
        principal = guard(request, WRITES)
        done = await catalogue.retire(
            principal.client_id, sku, expected_version(request), repeatable(request, principal)
        )
        headers = {"ETag": etag(done.answer.version)} | replay(replayed=done.replayed)
        return json_answer(done.answer, headers=headers)


def _only_new(request: Request) -> bool:
    """Whether the caller changes nothing that there is (`If-None-Match: *`). Source: RFC 9110, 13.1.2."""
    tag = request.headers.get("if-none-match")
    if tag is not None and tag.strip() != "*":
        fault = {"pointer": "/If-None-Match", "code": "if_none_match", "detail": "On a change only * means something."}
        raise invalid([fault])
    return tag is not None


def _sku(sku: str) -> None:
    try:
        SKU.validate_python(sku)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        raise invalid([{"pointer": "/sku", "code": fault["type"], "detail": fault["msg"]}]) from None
