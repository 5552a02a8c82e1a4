"""One order's way over HTTP: the customer places and follows it, the warehouse reports its parcel."""

import json
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from entrypoints.cli.demo.basket import Basket
from entrypoints.cli.demo.report import Report
from modules.kernel.errors import Unavailable

REPORTS = {"confirmed": ("packed",), "packed": ("dispatched",), "shipped": ("in_transit", "delivered")}
"""What the warehouse reports once the customer's stream shows a status."""

TRIES = 5


class Refused(Exception):  # a normal no
    """The order can't be had."""


@contextmanager
def answered() -> Iterator[None]:
    """Do something over HTTP, alone or in task groups.

    Raises:
        Unavailable: some of it got no answer, or a useless one.
    """
    try:
        yield
    except httpx.HTTPError as error:
        raise _unavailable(error) from error
    except BaseExceptionGroup as group:
        unanswered, others = group.split(httpx.HTTPError)
        if unanswered is None or others is not None:
            raise
        raise _unavailable(unanswered) from group


def _unavailable(error: BaseException) -> Unavailable:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return Unavailable(f"The system gives no answer ({type(error).__name__}); see its log.")


@dataclass(frozen=True, slots=True)
class Party:
    """Someone who talks to a service with a token of its own."""

    http: httpx.AsyncClient
    token: str

    async def call(self, method: str, path: str, **request: Any) -> httpx.Response:
        """An answer; a call that got none, or a 503, is repeated with the same key, as a decent client would."""
        headers = {"Authorization": f"Bearer {self.token}"} | request.pop("headers", {})
        for last in (False,) * (TRIES - 1) + (True,):
            try:
                answer = await self.http.request(method, path, headers=headers, **request)
            except httpx.TransportError:
                if last:
                    raise
                continue
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or last:
                break
        return answer


async def place(customer: Party, basket: Basket, report: Report) -> dict[str, Any]:
    """Place an order, with a key of its own.

    Raises:
        Refused: sales said no; the message says why.
    """
    began = time.perf_counter()
    answer = await customer.call(
        "POST", "/api/v1/orders", json=basket.body, headers={"Idempotency-Key": f"demo-{uuid4()}"}
    )
    if answer.status_code != httpx.codes.CREATED:
        raise Refused(answer.json().get("detail", answer.text))
    report.step("placed", time.perf_counter() - began)
    order: dict[str, Any] = answer.json()
    return order


async def follow(order_id: str, customer: Party, warehouse: Party, report: Report) -> None:
    """Play the warehouse while following the order's stream to its end."""
    began = time.perf_counter()
    shipment = ""
    async for status in _statuses(customer, order_id):
        if status == "placed":
            continue
        report.step(status, time.perf_counter() - began)
        if status == "confirmed":
            found = await warehouse.call("GET", "/api/v1/shipments", params={"order_id": order_id})
            shipment = found.raise_for_status().json()["items"][0]["id"]
        for step in REPORTS.get(status, ()):
            began = time.perf_counter()
            answer = await warehouse.call(
                "POST",
                f"/api/v1/shipments/{shipment}/status",
                json={"status": step, "carrier": "demo", "tracking_code": f"DEMO-{shipment[-12:]}"},
                headers={"Idempotency-Key": f"demo-{step}"},
            )
            answer.raise_for_status()


async def _statuses(customer: Party, order_id: str) -> AsyncIterator[str]:
    headers = {"Authorization": f"Bearer {customer.token}"}
    async with customer.http.stream("GET", f"/api/v1/orders/{order_id}/events", headers=headers) as stream:
        stream.raise_for_status()
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))["to"]
