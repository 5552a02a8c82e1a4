"""Catalogue and stock over HTTP, for catalogue operators and our own services."""

from fastapi import APIRouter

from modules.kernel.principal import Verifier
from modules.product.api.products import product_routes
from modules.product.api.stock import stock_routes
from modules.product.service import Catalogue
from modules.web.security import Guard


def routes(catalogue: Catalogue, verifier: Verifier) -> APIRouter:
    """What catalogue operators call."""
    guard = Guard(verifier, "product")
    router = APIRouter(prefix="/api/v1")
    product_routes(router, catalogue, guard)
    stock_routes(router, catalogue, guard)
    return router
