"""Catalogue files: CSV with a heading, or NDJSON."""

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from modules.product.port import NewProduct

ROW = TypeAdapter(NewProduct)
COLUMNS = {"sku", "name", "unit_price", "currency", "on_hand"}


class CatalogueFileError(ValueError):
    """A file that is no catalogue: the message says where, and what is wrong."""


def read_catalogue(file: Path) -> Sequence[NewProduct]:
    """The rows of a catalogue file, each validated.

    Raises:
        CatalogueFileError: it can't be read, or a row is wrong; the first one is named by its line.
    """
    rows: dict[str, NewProduct] = {}
    try:
        with file.open(encoding="utf-8-sig", newline="") as text:
            lines = _csv(text, file) if file.suffix.lower() == ".csv" else enumerate(text, 1)
            for number, line in lines:
                row = _row(line, f"{file}:{number}")
                if row.sku in rows:
                    raise CatalogueFileError(f"{file}:{number}: {row.sku} stands in the file twice.")
                rows[row.sku] = row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CatalogueFileError(f"{file} can't be read: {error}.") from None
    if not rows:
        raise CatalogueFileError(f"{file} holds no products.")
    return list(rows.values())


def product_of(sku: str, name: object, unit_price: object, currency: object) -> NewProduct:
    """A row that was written on the command line.

    Raises:
        CatalogueFileError: a member is missing, or wrong.
    """
    given = {"sku": sku, "name": name, "unit_price": unit_price, "currency": currency}
    return _row({member: value for member, value in given.items() if value is not None}, sku)


def _csv(text: Any, file: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    reader = csv.DictReader(text)
    heading = set(reader.fieldnames or ())
    if not COLUMNS - {"on_hand"} <= heading <= COLUMNS:
        told = ",".join(reader.fieldnames or ()) or "nothing"
        raise CatalogueFileError(f"{file}:1: the heading must be sku,name,unit_price,currency,on_hand, not {told}.")
    for row in reader:
        if None in row or None in row.values():
            raise CatalogueFileError(f"{file}:{reader.line_num}: not as many columns as the heading.")
        yield reader.line_num, {name: value for name, value in row.items() if value != ""}


def _row(line: Any, where: str) -> NewProduct:
    try:
        if not isinstance(line, str):
            return ROW.validate_python(line)
        row = ROW.validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, fault["loc"]))
        raise CatalogueFileError(f"{where}: {place}: {fault['msg']}.") from None
    if unknown := sorted(json.loads(line).keys() - COLUMNS):
        raise CatalogueFileError(f"{where}: {unknown[0]}: there is no such member.")
    return row
