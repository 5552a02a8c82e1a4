"""What warehouse and carrier systems call, a file per noun."""

from fastapi import APIRouter

from modules.delivery.api.carriers import carrier_routes
from modules.delivery.api.changes import reporting, splitting
from modules.delivery.api.shipments import moving, reading
from modules.delivery.service import DeliveryService
from modules.kernel.principal import Verifier
from modules.web.security import Guard

__all__ = ["carrier_routes", "routes"]


def routes(delivery: DeliveryService, verifier: Verifier) -> APIRouter:
    """Shipments: to read, to move and to split."""
    guard = Guard(verifier, "delivery")
    router = APIRouter(prefix="/api/v1/shipments", tags=["shipments"])
    for part in (reading, moving, reporting, splitting):
        part(router, delivery, guard)
    return router
