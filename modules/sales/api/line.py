"""A line, as customers write it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import ConfigDict, Field, StringConstraints


@dataclass(frozen=True, slots=True)
class LineBody:
    """So many pieces of one thing."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    sku: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,63}$")]
    quantity: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]


Lines = Annotated[tuple[LineBody, ...], Field(min_length=1, max_length=200)]


def added_up(lines: Iterable[LineBody]) -> tuple[tuple[str, int], ...]:
    """How many of each SKU, in the order asked."""
    wanted: dict[str, int] = {}
    for line in lines:
        wanted[line.sku] = wanted.get(line.sku, 0) + line.quantity
    return tuple(wanted.items())
