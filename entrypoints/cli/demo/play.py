"""The demo itself, from the catalogue to the check of the promises."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path

import httpx
from httpx_aiohttp import HttpxAiohttpClient

from app.operator import Operator, operating
from app.supervisor.runfile import RunFile
from entrypoints.cli.demo.basket import Basket, needs
from entrypoints.cli.demo.journey import Party, Refused, follow, place
from entrypoints.cli.demo.promises import check
from entrypoints.cli.demo.report import Report
from modules.auth.port import ClientKind
from modules.kernel.ids import new_id
from modules.product.port import NewProduct

AT_ONCE = 32
ACTOR = "cli:demo"
TIMEOUT_S = 30.0


async def play(
    data: Path,
    run: RunFile,
    baskets: Sequence[Basket],
    products: Sequence[NewProduct],
    report: Report,
    *,
    as_is: bool,
) -> None:
    """Place the baskets, follow every order to the door, and check the promises."""
    async with operating(data) as operator:
        served = baskets if as_is else baskets[:-2]
        counted = {one.sku: one.on_hand or 0 for one in products} if as_is else needs(served)
        stock = await _stock_up(operator, products, counted)
        report.say(f"{len(products)} products; stock counted to {'the file' if as_is else f'{len(served)} orders'}")
        limits = httpx.Limits(max_connections=3 * AT_ONCE, max_keepalive_connections=3 * AT_ONCE)
        async with (
            HttpxAiohttpClient(base_url=run.url("sales"), timeout=TIMEOUT_S, limits=limits) as sales,
            HttpxAiohttpClient(base_url=run.url("delivery"), timeout=TIMEOUT_S, limits=limits) as delivery,
        ):
            customer, client_id = await _party(operator, run, sales, "orders", "sales")
            warehouse, _ = await _party(operator, run, delivery, "shipments", "delivery")
            report.say("two clients registered, a token each over HTTP")
            placed = await _place_and_follow(baskets, len(served), customer, warehouse, report, in_turn=as_is)
            report.say(f"{len(placed)} orders followed to delivered, {len(report.refused)} refused")
        await check(operator, client_id, placed, stock, report)
        report.say("promises checked")


async def _stock_up(
    operator: Operator, products: Sequence[NewProduct], counted: Mapping[str, int]
) -> dict[str, tuple[int, int]]:
    """Count stock so that `counted` is available; answers on hand and held before the first order."""
    catalogue = [NewProduct(one.sku, one.name, one.unit_price, one.currency) for one in products]
    await operator.product.import_products(ACTOR, catalogue)
    before = {one.sku: one for one in await operator.product.stock([one.sku for one in products])}
    counts = [
        NewProduct(one.sku, one.name, one.unit_price, one.currency, before[one.sku].held + counted.get(one.sku, 0))
        for one in products
    ]
    await operator.product.import_products(ACTOR, counts)
    return {one.sku: (one.on_hand, one.held) for one in await operator.product.stock([one.sku for one in products])}


async def _party(
    operator: Operator, run: RunFile, http: httpx.AsyncClient, what: str, audience: str
) -> tuple[Party, str]:
    scopes = [f"{what}:read", f"{what}:write"]
    name = f"demo {what} {new_id()}"
    created = await operator.auth.create_client(ACTOR, name, scopes, [audience], ClientKind.CUSTOMER)
    async with httpx.AsyncClient(base_url=run.url("auth"), timeout=TIMEOUT_S) as auth:
        answer = await auth.post(
            "/auth/token",
            data={"grant_type": "client_credentials"},
            auth=(created.client.id, created.client_secret),
        )
    return Party(http, answer.raise_for_status().json()["access_token"]), created.client.id


async def _place_and_follow(
    baskets: Sequence[Basket], served: int, customer: Party, warehouse: Party, report: Report, *, in_turn: bool
) -> dict[str, Basket]:
    """Place `served` baskets, in turn or many at once, then the rest; follow what is placed meanwhile."""
    placed: dict[str, Basket] = {}
    slots = asyncio.Semaphore(AT_ONCE)

    async def attend(order_id: str, basket: Basket) -> None:
        async with slots:
            await follow(order_id, customer, warehouse, report)
        report.delivered.append(basket.name)

    async with asyncio.TaskGroup() as following:

        async def order(basket: Basket) -> None:
            try:
                answer = await place(customer, basket, report)
            except Refused as no:
                report.refused[basket.name] = str(no)
            else:
                placed[answer["id"]] = basket
                following.create_task(attend(answer["id"], basket))

        for batch in _batches(baskets[:served], 1 if in_turn else AT_ONCE):
            await asyncio.gather(*(order(basket) for basket in batch))
        for basket in baskets[served:]:
            await order(basket)
    return placed


def _batches(baskets: Sequence[Basket], size: int) -> Sequence[Sequence[Basket]]:
    return [baskets[start : start + size] for start in range(0, len(baskets), size)]
