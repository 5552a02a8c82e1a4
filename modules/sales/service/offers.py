"""What customers can buy, and what it would cost: nothing is held, and nothing stored."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from modules.kernel.errors import WaybillError
from modules.kernel.events import traced, traceparent
from modules.kernel.money import Money
from modules.product.port import Availability, AvailabilityRequest, CatalogueRequest, NoSuchProduct, ProductPort
from modules.sales.service.basket import basket
from modules.sales.service.refusals import priced


@dataclass(frozen=True, slots=True)
class Look:
    """What a customer looks at: the product of one SKU, or a page of them by SKU from behind `after`."""

    sku: str | None = None
    prefix: str = ""
    after: str = ""
    limit: int = 50
    traceparent: str | None = field(default_factory=traceparent.get, compare=False)


@dataclass(frozen=True, slots=True)
class OfferView:
    """Something that can be bought: `in_stock` says whether there is any of it now."""

    sku: str
    name: str
    unit_price: Money
    in_stock: bool


@dataclass(frozen=True, slots=True)
class QuoteRequest:
    """Lines added up per SKU in the order asked, and the currency that the customer expects."""

    lines: tuple[tuple[str, int], ...]
    currency: str | None = None
    traceparent: str | None = field(default_factory=traceparent.get, compare=False)


@dataclass(frozen=True, slots=True)
class QuoteLineView:
    """One SKU at the price that it has now: `available` says whether all of `quantity` could be had."""

    sku: str
    name: str
    quantity: int
    unit_price: Money
    total: Money
    available: bool
    available_quantity: int


@dataclass(frozen=True, slots=True)
class QuoteView:
    """What an order over these lines would cost now, and whether all of it could be had. It promises neither."""

    lines: tuple[QuoteLineView, ...]
    total: Money
    available: bool


class Offers:
    """Tells many customers at a time what product has."""

    def __init__(self, product: ProductPort) -> None:
        self._product = product

    async def look(self, looks: Sequence[Look]) -> Sequence[Sequence[OfferView] | WaybillError]:
        """What can be bought: one page, or one product, per look. `NoSuchProduct` is an outcome too."""
        with traced(looks[0].traceparent):  # what is asked for many at once is part of the first one's trace
            answers = await self._product.catalogue([_request(look) for look in looks])
        return [
            NoSuchProduct(sku=look.sku)
            if look.sku is not None and not items
            else tuple(OfferView(item.sku, item.name, item.unit_price, item.in_stock) for item in items)
            for look, items in zip(looks, answers, strict=True)
        ]

    async def quote(self, requests: Sequence[QuoteRequest]) -> Sequence[QuoteView | WaybillError]:
        """Price baskets: one outcome per request, in order; refusals are those that an order would get."""
        with traced(requests[0].traceparent):
            answers = await self._product.availability([AvailabilityRequest(basket(one.lines)) for one in requests])
        return [_quote(request, answer) for request, answer in zip(requests, answers, strict=True)]


def _request(look: Look) -> CatalogueRequest:
    if look.sku is not None:
        return CatalogueRequest((look.sku,))
    return CatalogueRequest(prefix=look.prefix, after=look.after, limit=look.limit)


def _quote(request: QuoteRequest, answer: Availability) -> QuoteView | WaybillError:
    total = priced(answer, request.currency)
    if isinstance(total, WaybillError):
        return total
    lines = tuple(
        QuoteLineView(
            sku=line.sku,
            name=line.name or "",
            quantity=line.quantity,
            unit_price=line.unit_price,
            total=Money(line.quantity * line.unit_price.amount, line.unit_price.currency),
            available=line.available_quantity >= line.quantity,
            available_quantity=line.available_quantity,
        )
        for line in answer.lines
        if line.unit_price is not None
    )
    return QuoteView(lines, total, all(line.available for line in lines))
