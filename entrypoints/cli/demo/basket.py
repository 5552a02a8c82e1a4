"""Order files: one order body a line, as `POST /api/v1/orders` takes them."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, TypeAdapter, ValidationError

from modules.product.port import MAX_LINES, Line

LINES = TypeAdapter(Annotated[list[Line], Field(min_length=1, max_length=MAX_LINES)])


class OrdersFileError(ValueError):
    """A file that holds no orders: the message says where, and what is wrong."""


@dataclass(frozen=True, slots=True)
class Basket:
    """An order as the file has it."""

    number: int
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        """What people call it."""
        return str(self.body.get("reference") or f"line {self.number}")

    @property
    def quantities(self) -> Mapping[str, int]:
        """How many of each SKU."""
        wanted: Counter[str] = Counter()
        for line in self.body["lines"]:
            wanted[line["sku"]] += line["quantity"]
        return wanted


def read_orders(file: Path, limit: int) -> Sequence[Basket]:
    """The first `limit` orders of a file.

    Raises:
        OrdersFileError: it can't be read, or a line is no order.
    """
    baskets: list[Basket] = []
    try:
        with file.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                if len(baskets) == limit:
                    break
                baskets.append(_basket(number, line, f"{file}:{number}"))
    except (OSError, UnicodeDecodeError) as error:
        raise OrdersFileError(f"{file} can't be read: {error}.") from None
    if not baskets:
        raise OrdersFileError(f"{file} holds no orders.")
    return baskets


def needs(baskets: Sequence[Basket]) -> Mapping[str, int]:
    """What all of these need together."""
    total: Counter[str] = Counter()
    for basket in baskets:
        total.update(basket.quantities)
    return total


def _basket(number: int, line: str, where: str) -> Basket:
    try:
        body = json.loads(line)
        LINES.validate_python(body["lines"])
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        place = ".".join(map(str, ("lines", *fault["loc"])))
        raise OrdersFileError(f"{where}: not an order: {place}: {fault['msg']}.") from None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise OrdersFileError(f"{where}: not an order: {type(error).__name__}: {error}.") from None
    return Basket(number, body)
