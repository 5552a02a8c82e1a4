"""openapi-python-client: makes a client of our document, without a warning, and the client does the whole journey."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from tests.foreign.place import ORDER, Credentials, Place
from tests.processes import until
from tests.system.partitions import MODULES

GENERATOR = Path(sys.executable).with_name("openapi-python-client")
PARTIES = {
    "shop": ("sales", "orders:read", "orders:write"),
    "warehouse": ("delivery", "shipments:read", "shipments:write"),
    "cataloguer": ("product", "catalogue:read", "stock:write"),
}
WAY = ("packed", "dispatched", "in_transit", "delivered")


class Generated:
    """The package that was made of a document, by its rooms."""

    def __init__(self, package: ModuleType, url: str) -> None:
        self._package = package
        self._clients: list[Any] = []
        self.url = url

    def client(self, token: str | None = None) -> Any:
        """A client of the service; with a token where it has one."""
        made = self._package.AuthenticatedClient(self.url, token) if token else self._package.Client(self.url)
        self._clients.append(made.with_timeout(httpx.Timeout(20)))
        return self._clients[-1]

    def close(self) -> None:
        """Leave no connection open."""
        for client in self._clients:
            client.get_httpx_client().close()

    def model(self, name: str) -> Any:
        """A body or an answer."""
        return getattr(importlib.import_module(f"{self._package.__name__}.models"), name)

    def ask(self, operation: str, /, *places: object, client: Any, **values: Any) -> Any:
        """What an operation answers, parsed; fails the test where it is no success."""
        room = importlib.import_module(f"{self._package.__name__}.api.{operation}")
        answer = room.sync_detailed(*places, client=client, **values)
        assert 200 <= answer.status_code < 300, answer.content
        return answer.parsed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where packages are made and found."""
    folder = tmp_path_factory.mktemp("generated")
    sys.path.insert(0, str(folder))
    yield folder
    sys.path.remove(str(folder))
    for name in [name for name in sys.modules if name.startswith("made_of_")]:
        del sys.modules[name]


def made(folder: Path, url: str) -> Generated:
    """The client of a service's document as it is served now.

    Raises:
        AssertionError: the generator warns of anything: it leaves out what it does not understand.
    """
    name = f"made_of_{url.rpartition(':')[2]}"
    if not (folder / name).exists():
        document = folder / f"{name}.json"
        document.write_text(httpx.get(f"{url}/openapi.json", timeout=20).raise_for_status().text)
        config = folder / f"{name}.config.json"
        config.write_text(json.dumps({"package_name_override": name, "post_hooks": []}))
        words: list[str | Path] = [
            "generate",
            "--path",
            document,
            "--config",
            config,
            "--meta",
            "none",
            "--output-path",
            folder / name,
        ]
        said = subprocess.run([GENERATOR, *words], capture_output=True, text=True, check=False, timeout=120)
        assert said.returncode == 0, said.stdout + said.stderr
        assert said.stdout.split() == ["Generating", str(folder / name)], said.stdout
        assert not said.stderr, said.stderr
    importlib.invalidate_caches()
    return Generated(importlib.import_module(name), url)


@pytest.fixture
def services(place: Place, folder: Path) -> Iterator[dict[str, Generated]]:
    """A client of each service, made of its own document."""
    generated = {module: made(folder, place.system.run.url(module)) for module in MODULES}
    yield generated
    for one in generated.values():
        one.close()


def test_a_generated_client_does_the_whole_journey(place: Place, services: dict[str, Generated]) -> None:
    shop, warehouse, cataloguer = (_signed_in(place, services, name) for name in PARTIES)
    sales, delivery = services["sales"], services["delivery"]

    order = _placed(sales, shop, "first")
    _followed_to_the_door(services, shop, warehouse, order)
    regretted = _placed(sales, shop, "second")
    said = sales.model("OrdersCancelCancelBody")(reason="too many")
    cancelling = sales.ask("orders.orders_cancel", str(regretted.id), client=shop, body=said, idempotency_key="no")
    assert cancelling.status in {"cancelling", "cancelled"}
    listed = sales.ask("orders.orders_newest", client=shop, limit=1)
    assert [one.id for one in listed.items] == [regretted.id]
    listed = sales.ask("orders.orders_newest", client=shop, limit=1, cursor=listed.next_)
    assert [one.id for one in listed.items] == [order.id]
    assert listed.next_ is None
    _looked_up(services["product"], cataloguer)
    shipped = delivery.ask("shipments.shipments_newest", client=warehouse, order_id=order.id)
    assert [step.to for step in shipped.items[0].history] == ["pending", *WAY]


def test_a_generated_client_reads_a_refusal(place: Place, services: dict[str, Generated]) -> None:
    sales, shop = services["sales"], _signed_in(place, services, "shop")
    body = sales.model("OrdersPlaceOrderOrderBody").from_dict({**ORDER, "lines": [{"sku": "GHOST", "quantity": 1}]})
    room = importlib.import_module(f"{sales._package.__name__}.api.orders.orders_place_order")

    refusal = room.sync_detailed(client=shop, body=body)

    assert (refusal.status_code, type(refusal.parsed).__name__) == (422, "Problem")
    assert (refusal.parsed.code, refusal.parsed.retryable) == ("product.unknown_sku", False)


def _signed_in(place: Place, services: dict[str, Generated], name: str) -> Any:
    """A client with a token, which it got from the token service by its generated client."""
    audience, *scopes = PARTIES[name]
    credentials = place.client(*scopes, audiences=[audience])
    return services[audience].client(_token(services["auth"], credentials))


def _token(auth: Generated, credentials: Credentials) -> str:
    form = {
        "grant_type": "client_credentials",
        "client_id": credentials.client_id,
        "client_secret": credentials.client_secret,
    }
    told = auth.ask("auth.auth_token", client=auth.client(), body=auth.model("AuthTokenBody").from_dict(form))
    token: str = told.access_token
    return token


def _placed(sales: Generated, shop: Any, key: str) -> Any:
    """An order; placed again it is the same."""
    body = sales.model("OrdersPlaceOrderOrderBody").from_dict(ORDER)
    order, again = (
        sales.ask("orders.orders_place_order", client=shop, body=body, idempotency_key=key) for _ in range(2)
    )
    assert (order.id, order.total.amount, order.lines[0].sku) == (again.id, 900, "TEA")
    return order


def _followed_to_the_door(services: dict[str, Generated], shop: Any, warehouse: Any, order: Any) -> None:
    sales, delivery = services["sales"], services["delivery"]
    (shipment,) = until(
        lambda: delivery.ask("shipments.shipments_newest", client=warehouse, order_id=order.id).items, 20
    )
    for step in WAY:
        body = delivery.model("ShipmentsReportStatusBody")(status=step)
        reported = delivery.ask(
            "shipments.shipments_report", str(shipment.id), client=warehouse, body=body, idempotency_key=step
        )
        assert reported.status == step
    until(lambda: sales.ask("orders.orders_one", str(order.id), client=shop).status == "delivered", 20)
    steps = sales.ask("orders.orders_history", str(order.id), client=shop).items
    assert [step.from_ for step in steps] == [None, *(step.to for step in steps[:-1])]
    moves = sales.ask("orders.orders_moves", str(order.id), client=shop)
    assert [move.to for move in moves.allowed] == ["returned"]


def _looked_up(product: Generated, cataloguer: Any) -> None:
    found = product.ask("catalogue.catalogue_products", client=cataloguer, prefix="TEA")
    assert [one.sku for one in found.items] == ["TEA"]
    body = product.model("StockMoveMovementBody").from_dict(
        {"kind": "receipt", "quantity": 5, "key": "delivered-today"}
    )
    assert product.ask("stock.stock_move", "TEA", client=cataloguer, body=body).on_hand > 5
