"""Every bus, and the databases of two modules."""

from collections.abc import AsyncIterator, Mapping

import pytest

from modules.kernel.database import Database
from tests.contract.bus_depots import DEPOTS, Depot
from tests.integration.events.mail_fixture import opened
from tests.support.shop_fixture import Server


@pytest.fixture(scope="module")
async def databases(postgres: Server) -> AsyncIterator[tuple[Database, Database]]:
    async for one in opened(postgres, "sales"):
        async for other in opened(postgres, "product"):
            yield one, other


@pytest.fixture(params=DEPOTS)
async def depot(request: pytest.FixtureRequest, brokers: Mapping[str, str]) -> AsyncIterator[Depot]:
    made = DEPOTS[request.param](brokers)
    await made.open()
    yield made
    await made.close()
