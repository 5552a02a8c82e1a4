"""A customer's system that orders at a steady rate, repeats what got no answer, and remembers what it was told."""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from app.chaos.connection import Connection

SHIP_TO = {"name": "Maria Anders", "line1": "Obere Str. 57", "city": "Berlin", "country": "DE"}
CANCELLED, REPEATED = 0.1, 0.1
"""How many of its orders it cancels, or places again, at once."""
AT_ONCE = 200
ANSWERED_WITHIN_S = 60.0
LOOK_EVERY_S = 0.1


@dataclass
class Told:
    """What a customer was told about its orders, by key."""

    wanted: dict[str, Mapping[str, int]] = field(default_factory=dict)
    placed: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    cancels: set[str] = field(default_factory=set)
    contradictions: list[str] = field(default_factory=list)


class Customer:
    """Orders `rate` times a second until told to stop, `AT_ONCE` at a time. All that it does is chosen by `chance`.

    What it can't ask for yet waits, as it does in any customer's system: else whoever comes back among many faults would
    be asked for everything at once, again and again.
    """

    def __init__(
        self, connection: Connection, skus: Sequence[str], chance: random.Random, told: Told | None = None
    ) -> None:
        self._connection = connection
        self._skus = skus
        self._chance = chance
        self._run = uuid4().hex[:8]
        self.told = told or Told()
        self._asked = 0
        self._open = 0
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def order_on(self, rate: float, enough: asyncio.Event) -> None:
        """Order until there is enough; every order is seen through.

        Raises:
            TimeoutError: faults are long over, some still have no answer, and no other gets one, either.
        """
        begun, sent = time.monotonic(), 0
        async with asyncio.TaskGroup() as orders:
            while not enough.is_set():
                orders.create_task(self._attend(self._next()))
                self._open += 1
                sent += 1
                due = begun + sent / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
            await self._seen_through()

    async def _seen_through(self) -> None:
        """Wait until all have their answers, however many they are, as long as there are any."""
        left, since = self._open, time.monotonic()
        while self._open:
            await asyncio.sleep(LOOK_EVERY_S)
            if self._open < left:
                left, since = self._open, time.monotonic()
            elif time.monotonic() > since + ANSWERED_WITHIN_S:
                raise TimeoutError(f"{left} orders get no answer")

    async def place_one(self) -> str | None:
        """Place one more order; its id, or `None` where it is refused."""
        key = self._next()
        await self._place(key)
        return self.told.placed.get(key)

    async def leave_a_basket(self) -> bool:
        """Ask for an order once and never again; whether that got a `503`, so that only what was held is left of it."""
        key = self._next()
        answer = await self._connection.once("POST", "/api/v1/orders", key, self._body(key))
        if answer is not None and answer.status_code == httpx.codes.SERVICE_UNAVAILABLE:
            del self.told.wanted[key]
            return True
        await self._place(key)  # it was placed, or nobody knows: a decent client asks again
        return False

    async def is_confirmed(self, order_id: str) -> bool:
        """Whether an order has been heard of by those who ship it."""
        answer = await self._connection.ask("GET", f"/api/v1/orders/{order_id}")
        return bool(answer.json()["shipments"])

    def _next(self) -> str:
        key = f"{self._run}-{self._asked}"
        self._asked += 1
        skus = self._chance.sample(self._skus, self._chance.randint(1, 3))
        self.told.wanted[key] = {sku: self._chance.randint(1, 3) for sku in skus}
        return key

    async def _attend(self, key: str) -> None:
        does = self._chance.random()
        async with self._slots:
            await self._place(key)
            if does < CANCELLED and key in self.told.placed:
                await self._cancel(key)
            elif does < CANCELLED + REPEATED and key in self.told.placed:
                await self._place(key)
        self._open -= 1

    async def _place(self, key: str) -> None:
        answer = await self._connection.ask("POST", "/api/v1/orders", key, self._body(key))
        said = answer.json()
        if answer.status_code == httpx.codes.CREATED:
            before = self.told.placed.setdefault(key, said["id"])
            if before != said["id"]:
                self.told.contradictions.append(f"{key} is order {before}, and order {said['id']}")
        elif answer.status_code == httpx.codes.CONFLICT and key not in self.told.placed:
            self.told.refused[key] = said["code"]
        else:
            self.told.contradictions.append(f"{key} was answered {answer.status_code} {said.get('code')}")

    def _body(self, key: str) -> dict[str, Any]:
        lines = [{"sku": sku, "quantity": quantity} for sku, quantity in self.told.wanted[key].items()]
        return {"lines": lines, "ship_to": SHIP_TO}

    async def _cancel(self, key: str) -> None:
        answer = await self._connection.ask("POST", f"/api/v1/orders/{self.told.placed[key]}/cancel", f"{key}-cancel")
        if answer.status_code == httpx.codes.ACCEPTED:
            self.told.cancels.add(key)
        elif answer.status_code != httpx.codes.CONFLICT:
            self.told.contradictions.append(f"cancelling {key} was answered {answer.status_code}")
