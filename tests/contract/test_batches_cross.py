"""However many orders are placed at once, or looked at, product is asked over HTTP as often as it is for one."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from app.batching import Batcher
from app.calls import policed
from modules.product import repository as product
from modules.product.port import ProductPort
from modules.sales.service import Look, Offers, OfferView, QuoteRequest, QuoteView
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


@pytest.mark.parametrize("size", [1, 8, 64])
async def test_customers_who_look_at_once_are_answered_by_one_call_and_one_statement(shop: Shop, size: int) -> None:
    await shop.stock(BOLT=100, NUT=200)
    app = Counted(application(ProductPort, shop.product_service()))
    async with listening(app) as url, client_of(ProductPort, url, "product") as client:
        offers = Offers(policed(ProductPort, client, "product"))
        look = Batcher[Look, Sequence[OfferView]](offers.look)
        quote = Batcher[QuoteRequest, QuoteView](offers.quote)
        await look(Look("BOLT"))  # the first call asks for the contract, too
        app.asked.clear()
        with traffic(shop.product_database, product) as to_product:
            seen = await asyncio.gather(*(look(Look(sku)) for sku in ("BOLT", "NUT") * size))
            quotes = await asyncio.gather(*(quote(QuoteRequest((("BOLT", number + 1),))) for number in range(size)))
    assert [one.sku for (one,) in seen] == ["BOLT", "NUT"] * size
    assert [one.total.amount for one in quotes] == [100 * (number + 1) for number in range(size)]
    assert app.asked == ["/internal/product/catalogue"] * (1 + size // 64) + ["/availability"]
    assert to_product.statements == ["OFFERED"] * (1 + size // 64) + ["READ_STOCK"]


async def test_one_that_is_refused_leaves_those_who_look_at_the_same_time_alone(shop: Shop) -> None:
    await shop.stock(BOLT=1)
    offers = Offers(shop.product())
    look, quote = Batcher[Look, Any](offers.look), Batcher[QuoteRequest, Any](offers.quote)
    skus = ("GHOST", "BOLT", "GHOST")
    seen = await asyncio.gather(*(look(Look(sku)) for sku in skus), return_exceptions=True)
    quotes = await asyncio.gather(*(quote(QuoteRequest(((sku, 1),))) for sku in skus), return_exceptions=True)
    assert [getattr(one, "code", "seen") for one in seen] == ["product.not_found", "seen", "product.not_found"]
    assert [getattr(one, "code", "priced") for one in quotes] == [
        "product.unknown_sku",
        "priced",
        "product.unknown_sku",
    ]
