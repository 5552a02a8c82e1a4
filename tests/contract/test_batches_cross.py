"""However many orders are placed at once, product is asked over HTTP as often as it is for one."""

from collections.abc import Sequence
from typing import Any

import pytest

from app.calls import policed
from modules.product import repository as product
from modules.product.port import ProductPort
from tests.contract.served import application, client_of, listening
from tests.support.orders import order, told
from tests.support.shop import Shop
from tests.support.statements import traffic


class Counted:
    """An application that notes what it is asked for."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append(scope["path"])
        await self._app(scope, receive, send)


@pytest.mark.parametrize("size", [1, 8, 64])
async def test_a_batch_of_orders_crosses_as_one_call(shop: Shop, size: int) -> None:
    await shop.stock(BOLT=100, NUT=200)
    app = Counted(application(ProductPort, shop.product_service()))
    async with listening(app) as url, client_of(ProductPort, url, "product") as client:
        port: ProductPort = policed(ProductPort, client, "product")
        await shop.place_batch([order("before", BOLT=1)], port)
        app.asked.clear()
        with traffic(shop.product_database, product) as to_product:
            outcomes: Sequence[Any] = await shop.place_batch(
                [order(f"{number}", BOLT=1, NUT=2) for number in range(size)], port
            )
    assert [told(one) for one in outcomes] == ["placed"] * size
    assert app.asked == ["/availability"]
    assert to_product.statements == ["OPEN_HOLDS", "LOCK_STOCK", "BOOK", "HOLD_LINES_NEW"]
