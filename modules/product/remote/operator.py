"""`ProductOperatorPort` over HTTP."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from modules.kernel import rpc
from modules.kernel.ids import HoldId
from modules.kernel.principal import Verifier
from modules.product.port import (
    HoldFact,
    NewProduct,
    ProductOperatorPort,
    ProductView,
    StockChange,
    StockFault,
    StockView,
)
from modules.web.internal import operated

IMPORT_PRODUCTS = rpc.crossing(ProductOperatorPort.import_products, "/internal/product/operator/import_products")
PRODUCTS = rpc.crossing(ProductOperatorPort.products, "/internal/product/operator/products")
STOCK = rpc.crossing(ProductOperatorPort.stock, "/internal/product/operator/stock")
CHANGE_STOCK = rpc.crossing(ProductOperatorPort.change_stock, "/internal/product/operator/change_stock")
VERIFY_STOCK = rpc.crossing(ProductOperatorPort.verify_stock, "/internal/product/operator/verify_stock")
FACTS = rpc.crossing(ProductOperatorPort.facts, "/internal/product/operator/facts")
OPERATOR_METHODS: tuple[rpc.Crossing[..., Any], ...] = (
    IMPORT_PRODUCTS,
    PRODUCTS,
    STOCK,
    CHANGE_STOCK,
    VERIFY_STOCK,
    FACTS,
)


def operator_routes(product: ProductOperatorPort, verifier: Verifier) -> APIRouter:
    """What the operator calls of the product that is hosted here."""
    return operated(
        verifier,
        {
            IMPORT_PRODUCTS: product.import_products,
            PRODUCTS: product.products,
            STOCK: product.stock,
            CHANGE_STOCK: product.change_stock,
            VERIFY_STOCK: product.verify_stock,
            FACTS: product.facts,
        },
    )


class RemoteProductOperator:
    """Fulfils `ProductOperatorPort` where product lives in another process."""

    def __init__(self, channel: rpc.Channel) -> None:
        self._channel = channel

    async def import_products(self, actor: str, rows: Sequence[NewProduct]) -> int:
        """Add products or change them by SKU."""
        return await self._channel.call(IMPORT_PRODUCTS, actor, rows)

    async def products(self, after: str | None, limit: int, prefix: str = "") -> Sequence[ProductView]:
        """The catalogue by SKU, from behind `after`."""
        return await self._channel.call(PRODUCTS, after, limit, prefix)

    async def stock(self, skus: Sequence[str]) -> Sequence[StockView]:
        """Stock of the SKUs that exist."""
        return await self._channel.call(STOCK, skus)

    async def change_stock(self, actor: str, sku: str, change: StockChange) -> StockView:
        """Receive, count or correct."""
        return await self._channel.call(CHANGE_STOCK, actor, sku, change)

    async def verify_stock(self) -> Sequence[StockFault]:
        """Every counter that differs from what movements and open holds add up to."""
        return await self._channel.call(VERIFY_STOCK)

    async def facts(self, after: HoldId | None, limit: int) -> Sequence[HoldFact]:
        """Holds by id from behind `after`."""
        return await self._channel.call(FACTS, after, limit)
