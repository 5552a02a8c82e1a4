"""An amount and its currency, never one without the other."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, StringConstraints

MAX_AMOUNT = 2**63 - 1  # what a bigint column holds
MAX_UNIT_PRICE = 10**12

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT, strict=True)]


@dataclass(frozen=True, slots=True)
class Money:
    """What something costs: `amount` in minor units (cents), `currency` as ISO 4217 alpha code."""

    amount: Amount
    currency: Currency
