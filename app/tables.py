"""The tables of each module, to compare its database with and to make its history from."""

from collections.abc import Mapping

from sqlalchemy import MetaData

from modules.auth.table import metadata as auth
from modules.delivery.table import metadata as delivery
from modules.product.table import metadata as product
from modules.sales.table import metadata as sales

TABLES: Mapping[str, MetaData] = {"auth": auth, "sales": sales, "delivery": delivery, "product": product}
