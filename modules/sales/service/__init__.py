"""Use cases of sales."""

from modules.sales.service.attempt import Placed, PlaceOrder
from modules.sales.service.cancelling import Cancelling
from modules.sales.service.offers import Look, Offers, OfferView, QuoteRequest, QuoteView
from modules.sales.service.orders import Orders
from modules.sales.service.placing import Placing
from modules.sales.service.sales import SalesService
from modules.sales.service.watch import Watch

__all__ = [
    "Cancelling",
    "Look",
    "OfferView",
    "Offers",
    "Orders",
    "PlaceOrder",
    "Placed",
    "Placing",
    "QuoteRequest",
    "QuoteView",
    "SalesService",
    "Watch",
]
