from collections.abc import AsyncIterator

import pytest

from modules.product.port import ProductPort
from modules.sales.port import SalesPort
from tests.contract.abroad import abroad
from tests.contract.hostile_peer import Far, HostilePeer, far, hostile_peer
from tests.contract.port_adapters import ADAPTERS, Adapter
from tests.contract.redis_world import unchecked_world, world
from tests.integration.events.mail_fixture import mail_database, unchecked_mail
from tests.integration.events.whole_fixture import whole, whole_databases
from tests.support.shop import Shop
from tests.support.shop_fixture import premises, shop, unchecked_shop

__all__ = [
    "abroad",
    "mail_database",
    "premises",
    "shop",
    "unchecked_mail",
    "unchecked_shop",
    "unchecked_world",
    "whole",
    "whole_databases",
    "world",
]


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return ADAPTERS[request.param]()


@pytest.fixture
async def product(adapter: Adapter, shop: Shop) -> AsyncIterator[ProductPort]:
    service = shop.product_service()
    async with adapter.reach(ProductPort, service, "product") as port:  # type: ignore[type-abstract]  # read for its methods
        yield port


@pytest.fixture
async def sales(adapter: Adapter, shop: Shop) -> AsyncIterator[SalesPort]:
    service = shop.sales_service()
    async with adapter.reach(SalesPort, service, "sales") as port:  # type: ignore[type-abstract]  # read for its methods
        yield port


@pytest.fixture
async def peer() -> AsyncIterator[HostilePeer]:
    async with hostile_peer() as opened:
        yield opened


@pytest.fixture
async def port(peer: HostilePeer) -> AsyncIterator[Far]:
    async with far(peer.url) as reached:
        yield reached
