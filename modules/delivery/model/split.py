"""Two parts of one: what may be taken out of a shipment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modules.delivery.model.shipment import STOPPABLE
from modules.delivery.port import NotSplittable, ShippedLine, WrongSplit

MAX_PARTS = 100
"""In how many parts an order can go out."""


@dataclass(frozen=True, slots=True)
class Parting:
    """What stays in a shipment that is split, and what goes into the new one."""

    stays: tuple[ShippedLine, ...]
    goes: tuple[ShippedLine, ...]


def parted(status: str, parts: int, inside: Mapping[str, int], asked: Sequence[ShippedLine]) -> Parting:
    """Split a shipment in `status`, of an order of `parts`; the same SKU asked for twice is added up.

    A packed one is opened for it: what stays is packed all the same, what goes has to be packed by itself.

    Raises:
        NotSplittable: it has left, or there are too many parts.
        WrongSplit: that is more than is inside, all of it, or nothing.
    """
    if status not in STOPPABLE:
        raise NotSplittable(f"It is {status}: what has left is not split.", current=status)
    if parts >= MAX_PARTS:
        raise NotSplittable(f"The order has {parts} parts, and can't have more.", current=status)
    goes: dict[str, int] = {}
    for line in asked:
        goes[line.sku] = goes.get(line.sku, 0) + line.quantity
    _check(inside, goes, asked)
    return Parting(_lines({sku: quantity - goes.get(sku, 0) for sku, quantity in inside.items()}), _lines(goes))


def _check(inside: Mapping[str, int], goes: Mapping[str, int], asked: Sequence[ShippedLine]) -> None:
    faults = [
        _fault(f"/lines/{place}/quantity", "too_few", "At least 1.")
        for place, line in enumerate(asked)
        if line.quantity < 1
    ]
    skus = [line.sku for line in asked]
    faults += [
        _fault(
            f"/lines/{skus.index(sku)}/quantity", "more_than_there_is", f"There are {inside.get(sku, 0)} {sku} in it."
        )
        for sku, quantity in goes.items()
        if quantity > inside.get(sku, 0)
    ]
    if not goes:
        faults = [_fault("/lines", "nothing_goes", "Nothing would go into the new part.")]
    elif not faults and goes == inside:
        faults = [_fault("/lines", "nothing_stays", "Nothing would stay in it.")]
    if faults:
        raise WrongSplit(faults[0]["detail"], errors=faults)


def _fault(pointer: str, code: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "code": code, "detail": detail}


def _lines(quantities: Mapping[str, int]) -> tuple[ShippedLine, ...]:
    return tuple(ShippedLine(sku, quantity) for sku, quantity in sorted(quantities.items()) if quantity)
