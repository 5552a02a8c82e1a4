"""What is asked of product: the lines of a request, as they may cross."""

from collections.abc import Iterator, Sequence

from modules.product.port import MAX_QUANTITY, Line


def basket(lines: Sequence[tuple[str, int]]) -> tuple[Line, ...]:
    """Lines over so many of each SKU, however much that adds up to."""
    return tuple(Line(sku, part) for sku, quantity in lines for part in _parts(quantity))


def _parts(quantity: int) -> Iterator[int]:
    """What was added up, in parts that a line may have: product adds them up again. Never more than were ordered."""
    while quantity > MAX_QUANTITY:
        yield MAX_QUANTITY
        quantity -= MAX_QUANTITY
    yield quantity
