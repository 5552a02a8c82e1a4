"""Use cases of delivery."""

from modules.delivery.service.carrying import Carrying
from modules.delivery.service.hearing import Hearing
from modules.delivery.service.opening import Opening, OrderToShip
from modules.delivery.service.reporting import Reporting
from modules.delivery.service.shipments import DeliveryService
from modules.delivery.service.stepping import Stepping
from modules.delivery.service.stopping import OrderToStop, Stopping

__all__ = [
    "Carrying",
    "DeliveryService",
    "Hearing",
    "Opening",
    "OrderToShip",
    "OrderToStop",
    "Reporting",
    "Stepping",
    "Stopping",
]
