"""How a drill's customer orders where nobody answers for a while."""

import asyncio
import random
from typing import Any

import httpx

from app.chaos.connection import Connection
from app.chaos.customer import AT_ONCE, Customer


class Asked(Connection):
    """A connection over which each order is placed once there are answers."""

    def __init__(self) -> None:
        super().__init__(httpx.AsyncClient(), "")
        self.answers = asyncio.Event()
        self.under_way = 0
        self.most = 0

    async def ask(
        self,
        method: str,  # noqa: ARG002
        path: str,
        key: str | None = None,
        body: Any = None,  # noqa: ARG002
    ) -> httpx.Response:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        await self.answers.wait()
        self.under_way -= 1
        said = {"id": f"order of {key}"}
        return httpx.Response(202 if path.endswith("/cancel") else 201, json=said)


async def test_orders_that_nobody_answers_wait_and_are_all_seen_through() -> None:
    asked, enough = Asked(), asyncio.Event()
    customer = Customer(asked, ["TEA", "RICE", "SALT"], random.Random(7))  # noqa: S311
    ordering = asyncio.create_task(customer.order_on(1e6, enough))
    async with asyncio.timeout(60):
        while len(customer.told.wanted) < 2 * AT_ONCE:  # noqa: ASYNC110  # orders come in
            await asyncio.sleep(0)
        enough.set()
        asked.answers.set()
        await ordering
    assert asked.most == AT_ONCE
    assert set(customer.told.placed) == set(customer.told.wanted)
    assert customer.told.contradictions == []
