"""`waybill product` and `waybill stock`: what changes, what is refused, and that a refusal changes nothing."""

import json
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pytest

from tests.system.commands import command, refused
from tests.system.parties import Party
from tests.system.running import Running

HEADING = "sku,name,unit_price,currency,on_hand\n"
GOOD = "CLI-A,Lamp,1999,EUR,10\n"
GOOD_ROW = {"sku": "CLI-A", "name": "Lamp", "unit_price": 1999, "currency": "EUR", "on_hand": 10}
BAD_CSV = {
    "a negative price": ("CLI-B,Lamp,-1,EUR,1", ":3: unit_price"),
    "a price with a point": ("CLI-B,Lamp,19.99,EUR,1", ":3: unit_price"),
    "a price of words": ("CLI-B,Lamp,dear,EUR,1", ":3: unit_price"),
    "a price beyond bounds": ("CLI-B,Lamp,1000000000001,EUR,1", ":3: unit_price"),
    "no price": ("CLI-B,Lamp,,EUR,1", ":3: unit_price"),
    "no SKU": (",Lamp,1,EUR,1", ":3: sku"),
    "a SKU with a blank": ("CLI B,Lamp,1,EUR,1", ":3: sku"),
    "no name": ("CLI-B,,1,EUR,1", ":3: name"),
    "a long name": (f"CLI-B,{'x' * 201},1,EUR,1", ":3: name"),
    "another currency": ("CLI-B,Lamp,1,euro,1", ":3: currency"),
    "less than nothing on hand": ("CLI-B,Lamp,1,EUR,-1", ":3: on_hand"),
    "too many columns": ("CLI-B,Lamp,1,EUR,1,2", ":3:"),
    "too few columns": ("CLI-B,Lamp", ":3:"),
    "the same again": ("CLI-A,Lamp,1,EUR,1", ":3: CLI-A stands in the file twice"),
}
BAD_NDJSON = {
    "no JSON": ("lamp", ":2:"),
    "a list": ("[]", ":2:"),
    "an empty line": ("", ":2:"),
    "a misspelt member": (json.dumps(GOOD_ROW | {"sku": "CLI-B", "on_hnad": 1}), ":2: on_hnad"),
    "a price in text": (json.dumps(GOOD_ROW | {"sku": "CLI-B", "unit_price": "dear"}), ":2: unit_price"),
    "no currency": (json.dumps({"sku": "CLI-B", "name": "Lamp", "unit_price": 1}), ":2: currency"),
    "a name with a NUL": (json.dumps(GOOD_ROW | {"sku": "CLI-B", "name": "a\x00"}), ":2: name"),
    "deep brackets": ("[" * 100_000, ":2:"),
}
NO_FILES = {
    "nothing": b"",
    "only a heading": HEADING.encode(),
    "another heading": b"sku,price\nA,1\n",
    "bytes": b"\xff\xfe",
}


def skus(system: Running, prefix: str) -> list[str]:
    return [one["sku"] for one in command("product", "list", "--prefix", prefix, "--json", data=system.data).json]


def sku_of(system: Running, on_hand: int) -> str:
    """A product of this test's own."""
    sku = f"CLI-{uuid4().hex[:8]}"
    file = system.data.parent / f"{sku}.ndjson"
    file.write_text(json.dumps(GOOD_ROW | {"sku": sku, "on_hand": on_hand}) + "\n")
    assert command("product", "import", file, "--json", data=system.data).json == {"imported": 1}
    return sku


@pytest.mark.parametrize("name", ["catalogue.csv", "catalogue.ndjson"])
def test_a_file_adds_products_and_the_next_one_changes_them(name: str, system: Running, tmp_path: Path) -> None:
    file, sku = tmp_path / name, f"CLI-{uuid4().hex[:8]}"
    for price, on_hand in ((1999, 10), (2999, 7)):
        row = GOOD_ROW | {"sku": sku, "unit_price": price, "on_hand": on_hand}
        lines = HEADING + ",".join(map(str, row.values())) if name.endswith("csv") else json.dumps(row)
        file.write_text(lines + "\n")

        assert command("product", "import", file, "--json", data=system.data).json == {"imported": 1}

        (product,) = command("product", "list", "--prefix", sku, "--json", data=system.data).json
        assert product["unit_price"] == {"amount": price, "currency": "EUR"}
        assert command("stock", "show", sku, "--json", data=system.data).json["on_hand"] == on_hand


def test_a_column_that_is_empty_or_missing_leaves_the_stock_alone(system: Running, tmp_path: Path) -> None:
    file, sku = tmp_path / "catalogue.csv", sku_of(system, 10)
    for lines in (f"{HEADING}{sku},Lamp,1,EUR,\n", f"sku,name,unit_price,currency\n{sku},Lamp,2,EUR\n"):
        file.write_text(lines)

        assert command("product", "import", file, data=system.data).code == 0

        assert command("stock", "show", sku, "--json", data=system.data).json["on_hand"] == 10


@pytest.mark.parametrize("what", BAD_CSV)
def test_a_bad_row_is_named_by_its_line_and_nothing_is_changed(what: str, system: Running, tmp_path: Path) -> None:
    row, told = BAD_CSV[what]
    file = tmp_path / "catalogue.csv"
    file.write_text(f"{HEADING}{GOOD}{row}\n")

    said = command("product", "import", file, data=system.data)

    assert said.code == 2
    assert f"catalogue.csv{told}" in said.sentence
    assert skus(system, "CLI-A") == []


@pytest.mark.parametrize("what", BAD_NDJSON)
def test_a_bad_line_is_named_and_nothing_is_changed(what: str, system: Running, tmp_path: Path) -> None:
    line, told = BAD_NDJSON[what]
    file = tmp_path / "catalogue.ndjson"
    file.write_text(f"{json.dumps(GOOD_ROW)}\n{line}\n")

    said = command("product", "import", file, data=system.data)

    assert said.code == 2
    assert f"catalogue.ndjson{told}" in said.sentence
    assert skus(system, "CLI-A") == []


@pytest.mark.parametrize("what", [*NO_FILES, "a folder", "no file"])
def test_what_is_no_catalogue_is_refused_by_its_name(what: str, system: Running, tmp_path: Path) -> None:
    file = tmp_path / "catalogue.csv"
    if what == "a folder":
        file.mkdir()
    elif what in NO_FILES:
        file.write_bytes(NO_FILES[what])

    said = command("product", "import", file, data=system.data)

    assert said.code == 2
    assert said.sentence.startswith(str(file))


def test_stock_is_changed_once_per_key(system: Running) -> None:
    sku, key = sku_of(system, 0), uuid4().hex

    for _ in range(2):
        assert command("stock", "receive", sku, 5, "--key", key, "--json", data=system.data).json["on_hand"] == 5

    assert "moved stock already" in refused("stock", "receive", sku, 6, "--key", key, data=system.data)
    assert "moved stock already" in refused("stock", "receive", sku_of(system, 0), 5, "--key", key, data=system.data)
    assert command("stock", "receive", sku, 5, "--json", data=system.data).json["on_hand"] == 10


def test_stock_is_shown_as_the_api_does(system: Running) -> None:
    sku = sku_of(system, 7)

    shown = command("stock", "show", sku, "--json", data=system.data).json

    assert shown == {"sku": sku, "on_hand": 7, "held": 0, "available": 7, "shortage": 0}


def test_stock_of_what_there_is_not_is_refused(system: Running) -> None:
    for words in (("show",), ("receive",), ("count",)):
        quantity = () if words == ("show",) else (1,)

        assert "no product" in refused("stock", *words, "CLI-NONE", *quantity, data=system.data)


@pytest.mark.usefixtures("parties")
def test_every_counter_is_right(system: Running) -> None:
    assert command("stock", "verify", "--json", data=system.data).json == []


async def test_a_count_below_what_is_held_names_the_orders(system: Running, parties: Mapping[str, Party]) -> None:
    sku = sku_of(system, 10)
    placed = (await parties["other_shop"].order(None, **{sku: 3})).json()["id"]

    told = refused("stock", "count", sku, 2, data=system.data)

    assert placed in told
    assert command("stock", "show", sku, "--json", data=system.data).json["on_hand"] == 10
    assert command("stock", "count", sku, 3, "--json", data=system.data).json["available"] == 0


async def test_a_forced_count_shows_what_is_missing_until_it_comes_in(
    system: Running, parties: Mapping[str, Party]
) -> None:
    sku = sku_of(system, 10)
    await parties["other_shop"].order(None, **{sku: 3})

    told = command("stock", "count", sku, 1, "--force", "--reason", "water", "--json", data=system.data).json

    assert told == {"sku": sku, "on_hand": 3, "held": 3, "available": 0, "shortage": 2}
    assert "missing" in command("stock", "show", sku, data=system.data).out
    assert command("stock", "receive", sku, 3, "--json", data=system.data).json["available"] == 1


async def test_a_catalogue_that_counts_below_what_is_held_changes_nothing(
    system: Running, parties: Mapping[str, Party], tmp_path: Path
) -> None:
    sku, file = sku_of(system, 10), tmp_path / "catalogue.csv"
    await parties["other_shop"].order(None, **{sku: 3})
    file.write_text(f"{HEADING}CLI-NEW,Lamp,1,EUR,1\n{sku},Lamp,1,EUR,2\n")

    assert sku in refused("product", "import", file, data=system.data)

    assert skus(system, "CLI-NEW") == []
