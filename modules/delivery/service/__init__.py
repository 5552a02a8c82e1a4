"""Use cases of delivery."""

from modules.delivery.service.opening import Opening, OrderToShip
from modules.delivery.service.shipments import DeliveryService
from modules.delivery.service.stopping import OrderToStop, Stopping

__all__ = ["DeliveryService", "Opening", "OrderToShip", "OrderToStop", "Stopping"]
