"""`waybill product set`, `retire`, `show` and `changes`."""

from collections.abc import Mapping
from uuid import uuid4

import pytest

from tests.system.commands import command, refused
from tests.system.parties import Party
from tests.system.running import Running

LAMP = ("--name", "Lamp", "--price", 1999, "--currency", "EUR")
WRONG = {
    "a negative price": ("--price", -1),
    "a price beyond bounds": ("--price", 10**12 + 1),
    "a price with a point": ("--price", "19.99"),
    "another currency": ("--currency", "euro"),
    "a name of nothing": ("--name", ""),
    "a name in two lines": ("--name", "a\nb"),
}


def new_sku() -> str:
    return f"CLI-{uuid4().hex[:8]}"


def test_a_product_is_set_and_what_is_not_named_of_it_stays(system: Running) -> None:
    sku = new_sku()

    added = command("product", "set", sku, *LAMP, "--json", data=system.data).json
    changed = command("product", "set", sku, "--price", 2999, "--json", data=system.data).json

    lamp = {"sku": sku, "name": "Lamp", "active": True}
    assert added == lamp | {"unit_price": {"amount": 1999, "currency": "EUR"}, "version": 1}
    assert changed == lamp | {"unit_price": {"amount": 2999, "currency": "EUR"}, "version": 2}
    assert command("product", "show", sku, "--json", data=system.data).json == changed


def test_a_product_is_retired_and_sold_again_and_the_changes_say_by_whom(system: Running) -> None:
    sku = new_sku()
    command("product", "set", sku, *LAMP, data=system.data)

    for words in (("retire", sku), ("retire", sku), ("set", sku, "--active"), ("set", sku, "--retired")):
        assert command("product", *words, data=system.data).code == 0

    changes = command("product", "changes", sku, "--json", data=system.data).json
    assert [one["action"] for one in changes] == ["retire", "sell_again", "retire", "add"]
    assert changes[0]["before"] == {"active": True}
    assert all(one["actor"].startswith("cli") for one in changes)
    assert len(command("product", "changes", "--limit", 2, "--json", data=system.data).json) == 2
    assert "retire" in command("product", "changes", sku, data=system.data).out
    listed = command("product", "list", "--prefix", sku, "--retired", "--json", data=system.data).json
    assert [one["sku"] for one in listed] == [sku]
    assert command("product", "list", "--prefix", sku, "--active", "--json", data=system.data).json == []


@pytest.mark.parametrize("what", WRONG)
def test_a_product_that_is_set_wrongly_is_refused_and_not_added(what: str, system: Running) -> None:
    sku = new_sku()
    given = dict(zip(LAMP[::2], LAMP[1::2], strict=True)) | dict([WRONG[what]])

    said = command("product", "set", sku, *(word for pair in given.items() for word in pair), data=system.data)

    assert said.code == 2
    assert refused("product", "show", sku, data=system.data)


def test_of_a_new_product_everything_has_to_be_said(system: Running) -> None:
    sku = new_sku()

    said = command("product", "set", sku, "--price", 1, data=system.data)

    assert (said.code, said.sentence) == (2, f"{sku}: name: Field required.")
    assert command("product", "set", "no sku", *LAMP, data=system.data).code == 2


def test_what_is_not_in_the_catalogue_is_named(system: Running) -> None:
    for word in ("show", "retire"):
        assert "no product" in refused("product", word, "CLI-NONE", data=system.data)


async def test_what_is_set_and_retired_is_what_customers_see(system: Running, parties: Mapping[str, Party]) -> None:
    sku, shop = new_sku(), parties["shop"]
    command("product", "set", sku, *LAMP, data=system.data)

    seen = await shop.ask("GET", f"/api/v1/catalogue/{sku}")
    command("product", "retire", sku, data=system.data)
    gone = await shop.ask("GET", f"/api/v1/catalogue/{sku}")

    price = {"amount": 1999, "currency": "EUR"}
    assert seen.json() == {"sku": sku, "name": "Lamp", "unit_price": price, "in_stock": False}
    assert (gone.status_code, gone.json()["code"]) == (404, "product.not_found")
