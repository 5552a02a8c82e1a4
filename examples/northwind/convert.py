#!/usr/bin/env python3
"""Turn the Northwind sample tables into Waybill's own catalogue and orders, once.

    python examples/northwind/convert.py FOLDER

FOLDER holds `products.csv`, `orders.csv` and `order-details.csv`; what comes of them is written beside this script and
committed. Nothing reads FOLDER at run time.
"""

import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

CURRENCY = "USD"

COUNTRIES = {
    "Argentina": "AR",
    "Austria": "AT",
    "Belgium": "BE",
    "Brazil": "BR",
    "Canada": "CA",
    "Denmark": "DK",
    "Finland": "FI",
    "France": "FR",
    "Germany": "DE",
    "Ireland": "IE",
    "Italy": "IT",
    "Mexico": "MX",
    "Norway": "NO",
    "Poland": "PL",
    "Portugal": "PT",
    "Spain": "ES",
    "Sweden": "SE",
    "Switzerland": "CH",
    "UK": "GB",
    "USA": "US",
    "Venezuela": "VE",
}

# The database script has these addresses on two lines; the CSV export ran them together, and nothing in the text says
# where, so the breaks are given here (first line -> second line).
TWO_LINES = {
    "89 Jefferson Way": "Suite 2",
    "87 Polk St.": "Suite 5",
    "Berkeley Gardens": "12 Brewery",
    "Brook Farm": "Stratford St. Mary",
    "City Center Plaza": "516 Main St.",
    "Garden House": "Crowther Way",
    "Ing. Gustavo Moncada 8585": "Piso 20-A",
    "South House": "300 Queensbridge",
}
BREAKS = {f"{first} {second}": (first, second) for first, second in TWO_LINES.items()}

Row = Mapping[str, str]


def sku(product_id: str) -> str:
    """Name the article of a Northwind product number, so that names sort as numbers do: `NW-007`."""
    return f"NW-{int(product_id):03d}"


def cents(dollars: str) -> int:
    """Price in minor units. Raises ValueError where the source has a fraction of a cent."""
    amount = Decimal(dollars) * 100
    if amount != int(amount):
        msg = f"{dollars} is no whole number of cents"
        raise ValueError(msg)
    return int(amount)


def tidy(text: str) -> str | None:
    """Trim text and close its double blanks. None where the source has nothing to say."""
    words = " ".join(text.split())
    return None if words in {"", "NULL"} else words


def address(order: Row) -> dict[str, str]:
    """Where the parcel goes, without the members the source leaves empty."""
    street = tidy(order["shipAddress"]) or ""
    line1, line2 = BREAKS.get(street, (street, None))
    members = {
        "name": tidy(order["shipName"]),
        "line1": line1,
        "line2": line2,
        "city": tidy(order["shipCity"]),
        "region": tidy(order["shipRegion"]),
        "postal_code": tidy(order["shipPostalCode"]),
        "country": COUNTRIES[order["shipCountry"]],
    }
    return {member: text for member, text in members.items() if text is not None}


def catalogue(products: Iterable[Row]) -> Iterator[list[str | int]]:
    """Rows for `waybill product import`, heading first."""
    yield ["sku", "name", "unit_price", "currency", "on_hand"]
    for row in products:
        yield [
            sku(row["productID"]),
            tidy(row["productName"]) or "",
            cents(row["unitPrice"]),
            CURRENCY,
            int(row["unitsInStock"]),
        ]


def orders(heads: Iterable[Row], details: Iterable[Row]) -> Iterator[dict[str, Any]]:
    """Bodies for `POST /api/v1/orders`, in the order of the heads."""
    lines: dict[str, list[dict[str, str | int]]] = defaultdict(list)
    for row in details:
        lines[row["orderID"]].append({"sku": sku(row["productID"]), "quantity": int(row["quantity"])})
    for head in heads:
        yield {
            "lines": lines[head["orderID"]],
            "ship_to": address(head),
            "reference": head["orderID"],
            "currency": CURRENCY,
        }


def read(path: Path) -> list[dict[str, str]]:
    """All rows of a table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def convert(source: Path, target: Path) -> None:
    """Write `catalogue.csv` and `orders.ndjson` to target. The same source gives the same bytes."""
    with (target / "catalogue.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(catalogue(read(source / "products.csv")))
    with (target / "orders.ndjson").open("w", encoding="utf-8", newline="\n") as file:
        for body in orders(read(source / "orders.csv"), read(source / "order-details.csv")):
            file.write(json.dumps(body, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    match sys.argv:
        case [_, folder]:
            convert(Path(folder), Path(__file__).parent)
        case _:
            sys.exit(__doc__)
