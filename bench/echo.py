"""The same requests answered from memory, no database: an order's token verified and body validated as sales does.

For a token request its form is read, and an answer sent as long as auth's.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qsl

import orjson
from fastapi import APIRouter, FastAPI, Request, Response

from app.container import Container
from app.http import Health, create_app
from app.settings import load_settings
from app.telemetry.logs import configure_logs
from modules.kernel.ids import OrderId, new_id
from modules.kernel.money import Money
from modules.sales.api import routes
from modules.sales.port import OrderLineView, OrderView
from modules.sales.service import Placed, PlaceOrder

NOT_STORED = {"Cache-Control": "no-store", "Pragma": "no-cache"}
TOKENS = {
    "access_token": "e" * 620,
    "token_type": "Bearer",
    "expires_in": 300,
    "refresh_token": "r" * 47,
    "scope": "orders:read orders:write",
}


def create() -> FastAPI:
    """The echo's application; its settings are those of the system it stands beside."""
    settings = load_settings(Path(os.environ["WAYBILL_CONFIG"]))
    configure_logs("WARNING")
    container = Container(settings=settings)

    @asynccontextmanager
    async def lifetime() -> AsyncIterator[None]:
        await container.verifier().learn(container.auth_port())
        yield

    async def nothing() -> None:
        return None

    routers = [routes(_placed, container.orders(), container.verifier()), _tokens()]
    return create_app("echo", routers, Health({}, nothing), lifetime, settings.tokens.issuer)


def _tokens() -> APIRouter:
    router = APIRouter()

    @router.post("/auth/token")
    async def token(request: Request) -> Response:
        form = dict(parse_qsl((await request.body()).decode(), strict_parsing=True))
        answer = TOKENS | {"refresh_token": form.get("refresh_token", TOKENS["refresh_token"])}
        return Response(orjson.dumps(answer), 200, NOT_STORED, media_type="application/json")

    return router


async def _placed(order: PlaceOrder) -> Placed:
    now = datetime.now(UTC)
    price = Money(100, "EUR")
    return Placed(
        OrderView(
            id=OrderId(new_id()),
            status="placed",
            reference=order.reference,
            lines=tuple(OrderLineView(sku, "echo", n, price, Money(n * 100, "EUR")) for sku, n in order.lines),
            total=Money(100, "EUR"),
            ship_to=order.ship_to,
            shipments=(),
            placed_at=now,
            updated_at=now,
            version=1,
            metadata=order.metadata,
        )
    )
