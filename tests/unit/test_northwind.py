"""The committed example data is what its README says, and what the order API takes."""

import csv
import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from examples.northwind.convert import cents, convert

FOLDER = Path(__file__).parents[2] / "examples" / "northwind"

# Dollars as in the source's products.csv, in product order: written out, since the source is not part of the tree.
SOURCE_PRICES = """
18.00 19.00 10.00 22.00 21.35 25.00 30.00 40.00 97.00 31.00 21.00 38.00 6.00 23.25 15.50 17.45 39.00 62.50 9.20 81.00
10.00 21.00 9.00 4.50 14.00 31.23 43.90 45.60 123.79 25.89 12.50 32.00 2.50 14.00 18.00 19.00 26.00 263.50 18.00 18.40
9.65 14.00 46.00 19.45 9.50 12.00 9.50 12.75 20.00 16.25 53.00 7.00 32.80 7.45 24.00 38.00 19.50 13.25 55.00 34.00
28.50 49.30 43.90 33.25 21.05 17.00 14.00 12.50 36.00 15.00 21.50 34.80 15.00 10.00 7.75 18.00 13.00
"""

# Orders per country in the source, under the ISO 3166-1 code of the country it names.
ORDERS_TO = {
    "AR": 16, "AT": 40, "BE": 19, "BR": 83, "CA": 30, "CH": 18, "DE": 122, "DK": 18, "ES": 23, "FI": 22, "FR": 77,
    "GB": 56, "IE": 19, "IT": 28, "MX": 28, "NO": 6, "PL": 7, "PT": 13, "SE": 37, "US": 122, "VE": 46,
}  # fmt: skip


@pytest.fixture(scope="module")
def catalogue() -> list[dict[str, str]]:
    with (FOLDER / "catalogue.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def orders() -> list[dict[str, Any]]:
    return [json.loads(line) for line in (FOLDER / "orders.ndjson").read_text(encoding="utf-8").splitlines()]


def test_catalogue_has_77_products_under_sortable_skus(catalogue: list[dict[str, str]]) -> None:
    assert [row["sku"] for row in catalogue] == [f"NW-{number:03d}" for number in range(1, 78)]
    assert list(catalogue[0]) == ["sku", "name", "unit_price", "currency", "on_hand"]


def test_prices_are_the_sources_in_cents(catalogue: list[dict[str, str]]) -> None:
    assert [int(row["unit_price"]) for row in catalogue] == [Decimal(price) * 100 for price in SOURCE_PRICES.split()]
    assert {row["currency"] for row in catalogue} == {"USD"}


def test_stock_adds_up_to_the_sources(catalogue: list[dict[str, str]]) -> None:
    assert sum(int(row["on_hand"]) for row in catalogue) == 3119


def test_orders_and_lines_are_complete_and_in_source_order(orders: list[dict[str, Any]]) -> None:
    assert [order["reference"] for order in orders] == [str(number) for number in range(10248, 11078)]
    assert sum(len(order["lines"]) for order in orders) == 2155


def test_every_line_names_a_product_and_a_quantity(
    catalogue: list[dict[str, str]], orders: list[dict[str, Any]]
) -> None:
    known = {row["sku"] for row in catalogue}
    lines = [line for order in orders for line in order["lines"]]
    assert all(line.keys() == {"sku", "quantity"} for line in lines)
    assert {line["sku"] for line in lines} <= known
    assert all(isinstance(line["quantity"], int) and line["quantity"] > 0 for line in lines)


def test_orders_have_only_the_members_that_the_api_takes(orders: list[dict[str, Any]]) -> None:
    required, optional = {"name", "line1", "city", "country"}, {"line2", "region", "postal_code"}
    for order in orders:
        assert order.keys() == {"lines", "ship_to", "reference", "currency"}
        assert order["currency"] == "USD"
        assert required <= order["ship_to"].keys() <= required | optional


def test_countries_are_iso_codes(orders: list[dict[str, Any]]) -> None:
    assert Counter(order["ship_to"]["country"] for order in orders) == ORDERS_TO


def test_addresses_are_trimmed_and_never_say_null(orders: list[dict[str, Any]]) -> None:
    texts = {text for order in orders for text in order["ship_to"].values()}
    assert all(text and text == " ".join(text.split()) for text in texts)
    assert "NULL" not in texts


def test_only_ireland_has_no_postcode(orders: list[dict[str, Any]]) -> None:
    without = [order["ship_to"]["country"] for order in orders if "postal_code" not in order["ship_to"]]
    assert without == ["IE"] * 19


def test_eight_addresses_have_a_second_line(orders: list[dict[str, Any]]) -> None:
    streets = {
        (order["ship_to"]["line1"], order["ship_to"]["line2"]) for order in orders if "line2" in order["ship_to"]
    }
    assert len(streets) == 8
    assert ("87 Polk St.", "Suite 5") in streets


def test_stock_as_given_serves_exactly_95_orders(catalogue: list[dict[str, str]], orders: list[dict[str, Any]]) -> None:
    left = {row["sku"]: int(row["on_hand"]) for row in catalogue}
    accepted = 0
    for order in orders:
        wanted: Counter[str] = Counter()
        for line in order["lines"]:
            wanted[line["sku"]] += line["quantity"]
        if all(left[sku] >= quantity for sku, quantity in wanted.items()):
            accepted += 1
            for sku, quantity in wanted.items():
                left[sku] -= quantity
    assert accepted == 95


def test_conversion_keeps_what_the_source_says(tmp_path: Path) -> None:
    (tmp_path / "products.csv").write_text(
        "productID,productName,unitPrice,unitsInStock\n7,Uncle  Bob's Pears ,30.05,15\n", encoding="utf-8"
    )
    (tmp_path / "orders.csv").write_text(
        "orderID,shipName,shipAddress,shipCity,shipRegion,shipPostalCode,shipCountry\n"
        "2,The Big Cheese,89 Jefferson Way Suite 2,Portland,OR,97201,USA\n"
        "1,Bon app',12  rue des Bouchers,Marseille,NULL,NULL,France\n",
        encoding="utf-8",
    )
    (tmp_path / "order-details.csv").write_text("orderID,productID,quantity\n1,7,3\n2,7,4\n", encoding="utf-8")

    convert(tmp_path, tmp_path)

    assert (tmp_path / "catalogue.csv").read_text(encoding="utf-8").splitlines() == [
        "sku,name,unit_price,currency,on_hand",
        "NW-007,Uncle Bob's Pears,3005,USD,15",
    ]
    cheese, bon = (json.loads(line) for line in (tmp_path / "orders.ndjson").read_text(encoding="utf-8").splitlines())
    assert cheese["ship_to"] == {
        "name": "The Big Cheese", "line1": "89 Jefferson Way", "line2": "Suite 2", "city": "Portland", "region": "OR",
        "postal_code": "97201", "country": "US",
    }  # fmt: skip
    assert bon == {
        "lines": [{"sku": "NW-007", "quantity": 3}],
        "ship_to": {"name": "Bon app'", "line1": "12 rue des Bouchers", "city": "Marseille", "country": "FR"},
        "reference": "1",
        "currency": "USD",
    }


def test_conversion_refuses_a_fraction_of_a_cent() -> None:
    with pytest.raises(ValueError, match=r"1\.005"):
        cents("1.005")
