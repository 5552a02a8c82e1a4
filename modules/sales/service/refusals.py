"""Why an order can't be had, from what product answered."""

from typing import Protocol

from modules.kernel.errors import WaybillError
from modules.kernel.money import Money
from modules.product.port import Availability, HoldMismatch, OutOfStock, UnknownSku
from modules.sales.model import total_of
from modules.sales.port import MixedCurrencies, PriceChanged, TotalTooLarge


class Wish(Protocol):
    """What of a request is checked against the prices."""

    @property
    def currency(self) -> str | None:
        """The currency that the customer expects."""
        ...

    @property
    def expected_total(self) -> Money | None:
        """The total that the customer expects."""
        ...


def refused(wish: Wish, answer: Availability) -> WaybillError | None:
    """The refusal that `answer` means for an order, if any."""
    match answer.refusal:
        case "product.out_of_stock":
            short = [
                {"sku": line.sku, "quantity": line.quantity, "available_quantity": line.available_quantity}
                for line in answer.lines
                if line.available_quantity < line.quantity
            ]
            return OutOfStock(f"Not enough of {', '.join(str(line['sku']) for line in short[:5])}.", lines=short)
        case "product.hold_mismatch":
            return HoldMismatch("Another attempt with this Idempotency-Key holds other lines; repeat in a minute.")
    total = priced(answer, wish.currency)
    if isinstance(total, WaybillError):
        return total
    if wish.expected_total is not None and wish.expected_total != total:
        return PriceChanged(
            f"The total is {total.amount} {total.currency} in minor units, not what was expected.",
            total={"amount": total.amount, "currency": total.currency},
        )
    return None


def priced(answer: Availability, currency: str | None) -> Money | WaybillError:
    """What all lines cost together, in `currency` where one is named, or why no order over them can have a price."""
    if unknown := [line.sku for line in answer.lines if line.unit_price is None]:
        return UnknownSku(f"Not in the catalogue: {', '.join(unknown[:5])}.", skus=unknown)
    prices = [line.unit_price for line in answer.lines if line.unit_price is not None]
    currencies = sorted({price.currency for price in prices} | ({currency} if currency else set()))
    if len(currencies) > 1:
        return MixedCurrencies(f"One order has one currency, not {' and '.join(currencies)}.", currencies=currencies)
    total = total_of([(line.quantity, price.amount) for line, price in zip(answer.lines, prices, strict=True)])
    if total is None:
        return TotalTooLarge("The total is larger than an amount can be.")
    return Money(total, currencies[0])
