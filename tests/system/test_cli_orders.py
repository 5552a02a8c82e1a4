"""`waybill client`, `order`, `shipment`, `db` and `doctor`."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from tests.processes import until
from tests.system.commands import command, refused
from tests.system.parties import Party
from tests.system.running import Running

NOBODY = "00000000-0000-7000-8000-000000000000"
WAY = ("packed", "dispatched", "in_transit", "delivered")
NO_CLIENTS = {
    "a scope that there is not": ("shop", "orders:steal", "sales"),
    "an audience that there is not": ("shop", "orders:read", "nobody"),
    "a scope of another audience": ("shop", "stock:write", "sales"),
    "a scope of our own services": ("spy", "internal:call", "product"),
    "no name": ("", "orders:read", "sales"),
    "a long name": ("x" * 201, "orders:read", "sales"),
    "a name in two lines": ("a\nb", "orders:read", "sales"),
    "a name that is no text": ("\udcff", "orders:read", "sales"),
}


def ask(system: Running, *words: object) -> Any:
    return command(*words, "--json", data=system.data).json


async def shipment_of(system: Running, parties: Mapping[str, Party]) -> tuple[str, str]:
    """A new order and its shipment."""
    order = (await parties["other_shop"].order(None, TEA=1)).json()["id"]
    (shipment,) = until(lambda: ask(system, "shipment", "list", "--order", order))
    return order, shipment["id"]


async def test_a_client_that_was_created_gets_a_token_and_is_listed_without_its_secret(
    system: Running, parties: Mapping[str, Party]
) -> None:
    created = ask(system, "client", "create", "till", "--scope", "orders:read", "--audience", "sales")

    credentials = httpx.BasicAuth(created["client_id"], created["client_secret"])
    form = {"grant_type": "client_credentials"}
    answer = await parties["shop"].http.post("/auth/token", data=form, auth=credentials)
    assert answer.status_code == 200, answer.text
    assert answer.json()["scope"] == "orders:read"
    listed = command("client", "list", "--json", data=system.data)
    assert created["client_id"] in [one["id"] for one in listed.json]
    assert created["client_secret"] not in listed.out


@pytest.mark.parametrize("what", NO_CLIENTS)
def test_a_client_that_makes_no_sense_is_refused(what: str, system: Running) -> None:
    name, scope, audience = NO_CLIENTS[what]

    assert refused("client", "create", name, "--scope", scope, "--audience", audience, data=system.data)


async def test_an_order_is_listed_and_shown_with_its_history(system: Running, parties: Mapping[str, Party]) -> None:
    order, shipment = await shipment_of(system, parties)

    shown = until(lambda: _confirmed(system, order))

    assert [line["sku"] for line in shown["order"]["lines"]] == ["TEA"]
    assert [parcel["id"] for parcel in shown["order"]["shipments"]] == [shipment]
    assert order in [one["id"] for one in ask(system, "order", "list", "--limit", 1000)]
    assert order not in [one["id"] for one in ask(system, "order", "list", "--status", "delivered", "--limit", 1000)]
    for_people = command("order", "show", order, data=system.data)
    assert (for_people.code, order in for_people.out, "Tea" in for_people.out) == (0, True, True)


def _confirmed(system: Running, order: str) -> Any:
    shown = ask(system, "order", "show", order)
    return shown if [step["to"] for step in shown["history"]] == ["placed", "confirmed"] else None


def test_an_order_that_there_is_not_is_refused(system: Running) -> None:
    assert NOBODY in refused("order", "show", NOBODY, data=system.data)


async def test_a_shipment_takes_legal_steps_only_and_the_order_follows(
    system: Running, parties: Mapping[str, Party]
) -> None:
    order, shipment = await shipment_of(system, parties)

    for number, step in enumerate(WAY):
        if number + 1 < len(WAY):
            told = refused("shipment", "advance", shipment, WAY[number + 1], data=system.data)
            assert step in told, "the legal steps are not named"
        assert ask(system, "shipment", "advance", shipment, step, "--note", f"step {number}")["status"] == step

    until(lambda: ask(system, "order", "show", order)["order"]["status"] == "delivered")
    assert order in [one["id"] for one in ask(system, "order", "list", "--status", "delivered", "--limit", 1000)]


async def test_a_shipment_is_split_and_the_order_has_both_parts(system: Running, parties: Mapping[str, Party]) -> None:
    order = (await parties["other_shop"].order(None, TEA=3, MUG=1)).json()["id"]
    (shipment,) = until(lambda: ask(system, "shipment", "list", "--order", order))

    new = ask(system, "shipment", "split", shipment["id"], "--line", "TEA=1", "--line", "MUG=1")

    assert (new["part"], new["status"]) == (2, "pending")
    assert new["lines"] == [{"sku": "MUG", "quantity": 1}, {"sku": "TEA", "quantity": 1}]
    until(lambda: len(ask(system, "order", "show", order)["order"]["shipments"]) == 2)
    assert "TEA" in refused("shipment", "split", shipment["id"], "--line", "TEA=3", data=system.data)
    assert NOBODY in refused("shipment", "split", NOBODY, "--line", "TEA=1", data=system.data)


@pytest.mark.parametrize("line", ["", "TEA", "=1", "TEA=", "TEA=x", "TEA=-1", "TEA=1.5", "TEA=10000000"])
def test_a_line_to_split_off_that_makes_no_sense_is_wrong_usage(line: str, system: Running) -> None:
    said = command("shipment", "split", NOBODY, "--line", line, data=system.data)

    assert said.code == 2
    assert "TEA=2" in said.err


async def test_what_came_back_unfit_is_written_off(system: Running, parties: Mapping[str, Party]) -> None:
    _, shipment = await shipment_of(system, parties)
    for step in ("packed", "dispatched", "failed"):
        ask(system, "shipment", "advance", shipment, step)

    said = ask(system, "shipment", "advance", shipment, "returned", "--note", "wet", "--no-restock")

    assert [(step["to"], step["restock"]) for step in said["history"]][-2:] == [("failed", None), ("returned", False)]
    written_off = until(lambda: ask(system, "stock", "movements", "TEA", "--kind", "write_off"))
    assert (written_off[0]["quantity"], written_off[0]["on_hand_change"], written_off[0]["reason"]) == (1, 0, "wet")
    assert command("stock", "movements", "TEA", data=system.data).code == 0
    assert "fit" in refused("shipment", "advance", shipment, "packed", "--no-restock", data=system.data)


@pytest.mark.parametrize("step", ["", "lost", "cancelled", "PACKED", "pending"])
async def test_what_is_no_step_is_refused_and_the_legal_ones_are_named(
    step: str, system: Running, parties: Mapping[str, Party]
) -> None:
    _, shipment = await shipment_of(system, parties)

    assert "packed" in refused("shipment", "advance", shipment, step, data=system.data)


def test_a_shipment_that_there_is_not_is_refused(system: Running) -> None:
    assert NOBODY in refused("shipment", "advance", NOBODY, "packed", data=system.data)


async def test_a_note_that_is_no_text_is_refused(system: Running, parties: Mapping[str, Party]) -> None:
    _, shipment = await shipment_of(system, parties)

    said = command("shipment", "advance", shipment, "packed", "--note", "\udcff", data=system.data)

    assert said.code == 2
    assert said.err


def test_the_schema_is_what_the_code_needs(system: Running) -> None:
    rows = ask(system, "db", "status")

    assert [row["module"] for row in rows] == ["auth", "sales", "delivery", "product"]
    assert all(row["revision"] == row["newest"] for row in rows)
    assert command("db", "check", data=system.data).code == 0


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(system: Running) -> None:
    before = ask(system, "db", "status")

    said = command("db", "upgrade", "--module", "sales", data=system.data)

    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("sales is at ")
    assert ask(system, "db", "status") == before


def test_a_module_that_there_is_not_is_wrong_usage(system: Running) -> None:
    said = command("db", "status", "--module", f"no-{uuid4().hex[:4]}", data=system.data)

    assert said.code == 2
    assert "auth, sales, delivery, product" in said.sentence


def test_a_revision_that_there_is_not_is_refused(system: Running) -> None:
    before = ask(system, "db", "status")

    assert "no-such" in refused("db", "downgrade", "no-such", "--module", "sales", data=system.data)

    assert ask(system, "db", "status") == before


def examined(system: Running, *words: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(command("doctor", "--json", *words, data=system.data).out)
    return found


async def test_the_doctor_mends_what_it_may_and_says_what_it_did(system: Running, parties: Mapping[str, Party]) -> None:
    await shipment_of(system, parties)
    databases = json.loads((system.data / "run.json").read_text())["databases"]
    with psycopg.connect(databases["product"]) as product:
        product.execute("UPDATE stock SET on_hand = on_hand + 1 WHERE sku = 'TEA'")
    assert any(fault.startswith("TEA: on_hand and its movements") for fault in examined(system)["faults"])
    said = command("doctor", data=system.data)
    assert (said.code, "waybill doctor --repair" in said.out) == (1, True)
    mended = examined(system, "--repair")
    assert mended["mended"] == ["product counts anew what movements add up to: 1 of 1 SKUs were changed"]
    assert [fault for fault in mended["faults"] if fault.startswith("TEA")] == []
