"""`ProductOperatorPort` over HTTP."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from modules.kernel import rpc
from modules.kernel.ids import HoldId
from modules.kernel.mailroom import InboxCrossings, RemoteInboxOperator
from modules.kernel.principal import Verifier
from modules.product.port import (
    HoldFact,
    MovementView,
    NewProduct,
    ProductChange,
    ProductOperatorPort,
    ProductView,
    ProductWanted,
    StockChange,
    StockFault,
    StockView,
)
from modules.web.internal import operated

IMPORT_PRODUCTS = rpc.crossing(ProductOperatorPort.import_products, "/internal/product/operator/import_products")
PRODUCTS = rpc.crossing(
    ProductOperatorPort.products, "/internal/product/operator/products", formerly=("f44cd0888d89ed30",)
)
PRODUCT = rpc.crossing(ProductOperatorPort.product, "/internal/product/operator/product")
PUT_PRODUCT = rpc.crossing(ProductOperatorPort.put_product, "/internal/product/operator/put_product")
RETIRE_PRODUCT = rpc.crossing(ProductOperatorPort.retire_product, "/internal/product/operator/retire_product")
LIST_CHANGES = rpc.crossing(ProductOperatorPort.list_changes, "/internal/product/operator/list_changes")
STOCK = rpc.crossing(ProductOperatorPort.stock, "/internal/product/operator/stock", formerly=("50f884632d056475",))
CHANGE_STOCK = rpc.crossing(
    ProductOperatorPort.change_stock, "/internal/product/operator/change_stock", formerly=("456d9fa9076f3fdc",)
)
MOVEMENTS = rpc.crossing(ProductOperatorPort.movements, "/internal/product/operator/movements")
VERIFY_STOCK = rpc.crossing(ProductOperatorPort.verify_stock, "/internal/product/operator/verify_stock")
RECOUNT = rpc.crossing(ProductOperatorPort.recount, "/internal/product/operator/recount")
FACTS = rpc.crossing(ProductOperatorPort.facts, "/internal/product/operator/facts")
INBOX = InboxCrossings("product")
OPERATOR_METHODS: tuple[rpc.Crossing[..., Any], ...] = (
    IMPORT_PRODUCTS,
    PRODUCTS,
    PRODUCT,
    PUT_PRODUCT,
    RETIRE_PRODUCT,
    LIST_CHANGES,
    STOCK,
    CHANGE_STOCK,
    MOVEMENTS,
    VERIFY_STOCK,
    RECOUNT,
    FACTS,
    *INBOX.methods,
)


def operator_routes(product: ProductOperatorPort, verifier: Verifier) -> APIRouter:
    """What the operator calls of the product that is hosted here."""
    return operated(
        verifier,
        {
            IMPORT_PRODUCTS: product.import_products,
            PRODUCTS: product.products,
            PRODUCT: product.product,
            PUT_PRODUCT: product.put_product,
            RETIRE_PRODUCT: product.retire_product,
            LIST_CHANGES: product.list_changes,
            STOCK: product.stock,
            CHANGE_STOCK: product.change_stock,
            MOVEMENTS: product.movements,
            VERIFY_STOCK: product.verify_stock,
            RECOUNT: product.recount,
            FACTS: product.facts,
            **INBOX.served_by(product),
        },
    )


class RemoteProductOperator(RemoteInboxOperator):
    """Fulfils `ProductOperatorPort` where product lives in another process."""

    INBOX = INBOX

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def import_products(self, actor: str, rows: Sequence[NewProduct]) -> int:
        """Add products or change them by SKU."""
        return await self._channel.call(IMPORT_PRODUCTS, actor, rows)

    async def products(
        self, after: str | None, limit: int, prefix: str = "", *, active: bool | None = None
    ) -> Sequence[ProductView]:
        """The catalogue by SKU, from behind `after`."""
        return await self._channel.call(PRODUCTS, after, limit, prefix, active=active)

    async def product(self, sku: str) -> ProductView:
        """One product."""
        return await self._channel.call(PRODUCT, sku)

    async def put_product(self, actor: str, sku: str, wanted: ProductWanted) -> ProductView:
        """Add a product or change it."""
        return await self._channel.call(PUT_PRODUCT, actor, sku, wanted)

    async def retire_product(self, actor: str, sku: str) -> ProductView:
        """Sell a product no more."""
        return await self._channel.call(RETIRE_PRODUCT, actor, sku)

    async def list_changes(
        self, sku: str | None = None, limit: int = 50, before: int | None = None
    ) -> Sequence[ProductChange]:
        """Who changed what of the catalogue, the newest first."""
        return await self._channel.call(LIST_CHANGES, sku, limit, before)

    async def stock(self, skus: Sequence[str]) -> Sequence[StockView]:
        """Stock of the SKUs that exist."""
        return await self._channel.call(STOCK, skus)

    async def change_stock(self, actor: str, sku: str, change: StockChange) -> StockView:
        """Receive, count or correct."""
        return await self._channel.call(CHANGE_STOCK, actor, sku, change)

    async def movements(self, sku: str, limit: int = 50, kind: str | None = None) -> Sequence[MovementView]:
        """What has changed the stock of a SKU, the newest first."""
        return await self._channel.call(MOVEMENTS, sku, limit, kind)

    async def verify_stock(self) -> Sequence[StockFault]:
        """Every counter that differs from what movements and open holds add up to."""
        return await self._channel.call(VERIFY_STOCK)

    async def recount(self, actor: str, skus: Sequence[str]) -> Sequence[StockView]:
        """Set counters to what movements add up to."""
        return await self._channel.call(RECOUNT, actor, skus)

    async def facts(self, after: HoldId | None, limit: int) -> Sequence[HoldFact]:
        """Holds by id from behind `after`."""
        return await self._channel.call(FACTS, after, limit)
