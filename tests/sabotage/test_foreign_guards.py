"""What keeps a customer's things from another, taken away one at a time: the walk must come back with something."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from fastapi import Request

from app.operator import Operator
from app.process import build_app
from app.verifier import LocalVerifier
from modules.auth.service import returned
from modules.kernel.errors import InvalidToken
from modules.kernel.ids import ClientId, OrderId, order_id_for
from modules.kernel.principal import Principal
from modules.sales import repository
from modules.sales.api import orders as sales_api
from modules.sales.port import OrderNotFound
from modules.sales.service import Orders, attempt
from modules.web import answer
from tests.contract.served import listening
from tests.integration.events.sending import stopped
from tests.integration.http_world import Server, container_on, databases_of
from tests.sabotage.guards import seen_red, without
from tests.system.foreign_walk import Grounds, grounds, the_walk
from tests.system.partitions import MODULES
from tests.system.test_foreign_tokens import test_a_stranger_reaches_nothing_of_a_customers_by_any_way_in as promised


@pytest.fixture
async def there(postgres: Server) -> AsyncIterator[Grounds]:
    """The whole system in this process, and the stranger and the owner in it."""
    dsns = databases_of(postgres)
    container = container_on(dsns)
    await container.verifier().learn(container.auth_port())
    jobs = [*(one.run() for one in container.consumers()), *(one.run() for one in container.relays())]
    tasks = [asyncio.create_task(job) for job in jobs]
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(listening(build_app(container)))
        http = await stack.enter_async_context(httpx.AsyncClient(base_url=url, timeout=30))
        operator = Operator(container.auth(), container.catalogue(), container.orders(), container.delivery())
        yield await grounds(operator, dict.fromkeys(MODULES, http))
    for task in tasks:
        await stopped(task)
    for database in container.databases():
        await database.close()
    for dsn in dsns.values():
        postgres.drop(dsn)


async def _leaks(there: Grounds, what: str, *paths: str) -> None:
    """The walk, by these ways alone, fails for the reason that is known."""
    with pytest.raises(AssertionError, match=what):
        await the_walk(replace(there, ways=[way for way in there.ways if way.path in paths]))


@seen_red("P5", "an order is shown to whom it belongs", test=promised, red="… of the owner")
async def test_without_the_owner_of_an_order_a_stranger_reads_it(
    there: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Orders.one

    async def anybodys(self: Orders, order_id: OrderId, _client_id: ClientId | None = None) -> Any:
        return await one(self, order_id)

    monkeypatch.setattr(Orders, "one", anybodys)
    await _leaks(there, "of the owner", "/api/v1/orders/{order_id}")


@seen_red("P5", "an order's history and stream are its owner's", test=promised, red="… of the owner")
async def test_without_the_owner_of_a_history_a_stranger_follows_the_stream(
    there: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nobody_looks(_self: Orders, _order_id: OrderId, _client_id: ClientId | None) -> None:
        return None

    monkeypatch.setattr(Orders, "_seen_by", nobody_looks)
    await _leaks(there, "instead of 404|of the owner", "/api/v1/orders/{order_id}/events")


@seen_red("P5", "a list has the orders of one client", test=promised, red="… of the owner")
async def test_without_the_client_in_its_condition_a_list_goes_on_with_anothers_orders(
    there: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list's statement goes without `client_id = :client_id`."""
    statement = without(repository.NEWEST_OF_CLIENT, "client_id = :client_id", ":client_id <> ''")
    monkeypatch.setattr(repository, "NEWEST_OF_CLIENT", statement)
    await _leaks(there, "of the owner", "/api/v1/orders")


@seen_red("P5", "the version that a caller has is compared after it was let in", test=promised, red="… true version")
async def test_with_the_version_compared_first_a_stranger_learns_that_it_is_the_true_one(
    there: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`304` comes before `404`: the version is compared, and then whose the order is."""
    one, not_modified = Orders.one, answer.not_modified
    refused: list[OrderNotFound] = []

    async def refused_later(self: Orders, order_id: OrderId, client_id: ClientId | None = None) -> Any:
        try:
            return await one(self, order_id, client_id)
        except OrderNotFound as refusal:
            if order_id != UUID(there.owner.order_id):
                raise
            refused.append(refusal)
            return await one(self, order_id)

    def compared_first(request: Request, version: int) -> bool:
        same = not_modified(request, version)
        if refused and not same:
            raise refused.pop()
        return same

    monkeypatch.setattr(Orders, "one", refused_later)
    monkeypatch.setattr(sales_api, "not_modified", compared_first)
    await _leaks(there, "it learns that this is the true version", "/api/v1/orders/{order_id}/transitions")


@seen_red("P5", "an order's id is made of its client and its key", test=promised, red="… key")
async def test_without_the_client_in_the_id_a_strangers_key_finds_the_owners_order(
    there: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Orders are looked for by the key alone, in the owner's name."""
    owner = ClientId(there.owner.party.client_id)
    monkeypatch.setattr(attempt, "order_id_for", lambda _client_id, key: order_id_for(owner, key))
    await _leaks(there, "key|of the owner|idempotency", "/api/v1/orders")


@seen_red("P5", "a token is for one audience", test=promised, red="… lets in a token for …")
async def test_without_the_audience_a_token_opens_other_services(
    there: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = LocalVerifier.verify

    def any_audience(self: LocalVerifier, token: str, _audience: str, *, changes: bool = False) -> Principal:
        for audience in ("sales", "delivery", "product", "auth"):
            try:
                return verify(self, token, audience, changes=changes)
            except InvalidToken:
                continue
        return verify(self, token, "ops", changes=changes)

    monkeypatch.setattr(LocalVerifier, "verify", any_audience)
    await _leaks(there, "lets in a token for", "/api/v1/shipments")


@seen_red("P5", "a scope opens a way", test=promised, red="… lets in a token without …")
async def test_without_its_scope_a_token_opens_everything_of_a_service(
    there: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Principal, "require", lambda _self, _scope: None)
    await _leaks(there, "lets in a token without", "/api/v1/stock/{sku}")


@seen_red("P5", "a token is told about to whom it belongs", test=promised, red="… tells of another's token")
async def test_without_its_owner_a_token_is_told_about_to_anybody(
    there: Grounds, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Introspection asks no scope of who asks of another's token."""
    monkeypatch.setattr(returned, "SEES_ALL", "orders:read")
    await _leaks(there, "tells of another's token", "/auth/introspect")
