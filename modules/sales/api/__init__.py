"""What customers' systems call, a file per noun."""

from modules.sales.api.catalogue import catalogue_routes
from modules.sales.api.orders import routes

__all__ = ["catalogue_routes", "routes"]
