"""The operator's commands, as somebody at a terminal types them."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.embedded.loopback import free_port
from tests.processes import until
from tests.system.running import Running, started, waybill

CATALOGUE = "sku,name,unit_price,currency,on_hand\nCLI-1,Lamp,1999,EUR,10\nCLI-2,Chair,4500,EUR,\n"
SHIP_TO = {"name": "Maria Anders", "line1": "Obere Str. 57", "city": "Berlin", "country": "DE"}


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "catalogue.csv").write_text(CATALOGUE)
    with started(folder / "data", free_port()) as system:
        assert system.ask("product", "import", folder / "catalogue.csv") == {"imported": 2}
        yield system


def refused(system: Running, *words: object) -> str:
    """The one sentence of a command that is refused."""
    done = system.cli(*words)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def order(system: Running, quantity: int) -> dict[str, Any]:
    """An order of lamps, placed as a customer does."""
    created = system.ask("client", "create", "shop", "--scope", "orders:write", "--audience", "sales")
    credentials = (created["client_id"], created["client_secret"])
    form = {"grant_type": "client_credentials"}
    token = httpx.post(f"{system.url}/auth/token", data=form, auth=credentials).json()["access_token"]
    placed = httpx.post(
        f"{system.url}/api/v1/orders",
        json={"lines": [{"sku": "CLI-1", "quantity": quantity}], "ship_to": SHIP_TO, "reference": uuid4().hex},
        headers={"Authorization": f"Bearer {token}"},
    )
    assert placed.status_code == httpx.codes.CREATED, placed.text
    answer: dict[str, Any] = placed.json()
    return answer


def test_a_client_is_listed_and_its_secret_shown_only_once(desk: Running) -> None:
    created = desk.ask("client", "create", "scale", "--scope", "stock:write", "--audience", "product")
    listed = {one["id"]: one for one in desk.ask("client", "list")}
    assert listed[created["client_id"]]["scopes"] == ["stock:write"]
    assert created["client_secret"] not in desk.cli("client", "list").stdout


def test_a_client_that_makes_no_sense_is_refused(desk: Running) -> None:
    assert "internal:call" in refused(
        desk, "client", "create", "spy", "--scope", "internal:call", "--audience", "product"
    )


def test_a_catalogue_with_a_wrong_row_changes_nothing_and_names_the_line(desk: Running, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.ndjson"
    good = {"sku": "CLI-9", "name": "Desk", "unit_price": 1, "currency": "EUR"}
    file.write_text("\n".join(json.dumps(one) for one in (good, good | {"sku": "CLI-8", "unit_price": -1})))
    done = desk.cli("product", "import", file)
    assert (done.returncode, done.stdout) == (2, "")
    assert "catalogue.ndjson:2: unit_price" in done.stderr
    assert [one["sku"] for one in desk.ask("product", "list", "--prefix", "CLI-")] == ["CLI-1", "CLI-2"]


def test_stock_is_received_counted_and_corrected_once_per_key(desk: Running) -> None:
    key = uuid4().hex
    for _ in range(2):
        assert desk.ask("stock", "receive", "CLI-2", 5, "--key", key)["on_hand"] == 5
    assert "key" in refused(desk, "stock", "receive", "CLI-2", 6, "--key", key)
    assert desk.ask("stock", "count", "CLI-2", 3)["available"] == 3
    assert desk.ask("stock", "show", "CLI-2") == {"sku": "CLI-2", "on_hand": 3, "held": 0, "available": 3}
    assert "no product" in refused(desk, "stock", "show", "CLI-3")


def test_a_count_below_what_is_held_is_refused_and_counters_stay_right(desk: Running) -> None:
    placed = order(desk, 2)
    assert "held" in refused(desk, "stock", "count", "CLI-1", 1)
    assert desk.ask("stock", "verify") == []
    assert placed["id"] in {one["id"] for one in desk.ask("order", "list", "--limit", 1000)}


def test_a_shipment_is_advanced_by_legal_steps_only_and_the_order_follows(desk: Running) -> None:
    placed = order(desk, 1)
    shipment = until(lambda: desk.ask("shipment", "list", "--order", placed["id"]))[0]
    assert "packed" in refused(desk, "shipment", "advance", shipment["id"], "delivered")
    assert desk.ask("shipment", "advance", shipment["id"], "packed", "--note", "by hand")["status"] == "packed"
    until(lambda: desk.ask("order", "show", placed["id"])["order"]["status"] == "packed")
    assert [one["to"] for one in desk.ask("order", "show", placed["id"])["history"]] == [
        "placed",
        "confirmed",
        "packed",
    ]


def test_the_schema_is_what_the_code_needs(desk: Running) -> None:
    assert all(one["revision"] == one["newest"] for one in desk.ask("db", "status"))
    assert desk.cli("db", "check").returncode == 0
    assert desk.cli("db", "upgrade", "--module", "sales").stdout == "sales is at sales_0001\n"


@pytest.mark.parametrize("words", [("client", "list"), ("order", "list")])
def test_what_is_shown_to_people_is_a_table(words: tuple[str, str], desk: Running) -> None:
    done = desk.cli(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert "─" in done.stdout


NOBODY = "00000000-0000-7000-8000-000000000000"  # the same in every worker
EVERYTHING = [
    ("client", "list"), ("product", "list"), ("stock", "show", "CLI-1"), ("stock", "verify"), ("order", "list"),
    ("order", "show", NOBODY), ("shipment", "list"), ("shipment", "advance", NOBODY, "packed"),
    ("db", "status"), ("db", "check"),
]  # fmt: skip


@pytest.mark.parametrize("words", EVERYTHING, ids=" ".join)
def test_without_a_system_a_command_says_so_in_one_sentence(words: tuple[str, ...], tmp_path: Path) -> None:
    done = waybill(*words, data=tmp_path / "nothing")
    assert (done.returncode, done.stdout) == (3, "")
    assert "waybill up" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    "words", [("order", "show", "no-id"), ("stock", "receive", "CLI-1", "0"), ("client", "create", "x")], ids=" ".join
)
def test_wrong_usage_ends_with_2(words: tuple[str, ...], tmp_path: Path) -> None:
    done = waybill(*words, data=tmp_path / "nothing")
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
