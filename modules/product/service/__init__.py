"""Use cases of product."""

from modules.product.service.catalogue import Catalogue
from modules.product.service.holds import ProductService
from modules.product.service.sweeper import Sweeper

__all__ = ["Catalogue", "ProductService", "Sweeper"]
