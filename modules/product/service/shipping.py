"""Stock that leaves with a parcel, stays here after all, or comes back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from modules.kernel.database import Transaction
from modules.kernel.errors import Conflict
from modules.product import repository
from modules.product.repository import Movement


class HoldClosed(Conflict, code="product.hold_closed"):
    """A parcel left, or was cancelled, whose hold had nothing left: stock and shipment disagree."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """So many of each SKU, of one hold, in one shipment; and what was noted of it."""

    shipment_id: UUID
    hold_id: UUID
    lines: tuple[tuple[str, int], ...]
    note: str | None = None


NOT_FIT = "It came back, and is not fit to be sold again."
"""Why something is written off, where nobody says more."""

Booked = Mapping[str, tuple[Parcel, str, int]]
"""Parcel, SKU and quantity by the key of a movement."""


async def ship(transaction: Transaction, parcels: Sequence[Parcel]) -> None:
    """Book out what left: it is neither held nor on hand any more. A parcel that is booked already counts once.

    Raises:
        HoldClosed: a hold had nothing left for its parcel.
    """
    fresh = await _fresh(transaction, "ship", parcels)
    await repository.book(
        transaction,
        [
            Movement(key, sku, "ship", n, on_hand_change=-n, held_change=-n, hold_id=parcel.hold_id)
            for key, (parcel, sku, n) in fresh.items()
        ],
        "delivery",
    )
    await _account(transaction, fresh, "shipped")


async def set_free(transaction: Transaction, parcels: Sequence[Parcel]) -> None:
    """Book what will not leave: it is held no more. A parcel that is booked already counts once.

    Raises:
        HoldClosed: a hold had nothing left for its parcel.
    """
    fresh = await _fresh(transaction, "cancel", parcels)
    await repository.book(
        transaction,
        [
            Movement(key, sku, "release", n, held_change=-n, hold_id=parcel.hold_id)
            for key, (parcel, sku, n) in fresh.items()
        ],
        "delivery",
    )
    await _account(transaction, fresh, "released")


async def _fresh(transaction: Transaction, kind: str, parcels: Sequence[Parcel]) -> Booked:
    """What is not booked yet of these parcels, by the key that makes it happen once; holds and stock are locked."""
    states = await repository.lock_holds(transaction, sorted({parcel.hold_id for parcel in parcels}))
    movements = {
        _key(kind, parcel, sku): (parcel, sku, quantity) for parcel in parcels for sku, quantity in parcel.lines
    }
    booked = await repository.movements(transaction, list(movements))
    fresh = {key: what for key, what in movements.items() if key not in booked}
    for parcel, _, _ in fresh.values():
        if states.get(parcel.hold_id, "closed") == "closed":
            raise HoldClosed(f"Hold {parcel.hold_id} is closed, and shipment {parcel.shipment_id} was of it.")
    await repository.lock_stock(transaction, sorted({sku for _, sku, _ in fresh.values()}))
    return fresh


async def _account(transaction: Transaction, fresh: Booked, what: str) -> None:
    counted = {"shipped": 0, "released": 0}
    rows = [counted | {"hold_id": parcel.hold_id, "sku": sku, what: n} for parcel, sku, n in fresh.values()]
    await repository.account(transaction, rows)


async def take_back(transaction: Transaction, parcels: Sequence[Parcel], *, restock: bool) -> None:
    """Book what came back: into stock, or written off, which changes no counter. Counts once per parcel."""
    await repository.lock_stock(transaction, sorted({sku for parcel in parcels for sku, _ in parcel.lines}))
    kind = "return" if restock else "write_off"
    await repository.book(
        transaction,
        [
            Movement(
                _key("return", parcel, sku),
                sku,
                kind,
                n,
                on_hand_change=n * restock,
                hold_id=parcel.hold_id,
                reason=parcel.note or (None if restock else NOT_FIT),
            )
            for parcel in parcels
            for sku, n in parcel.lines
        ],
        "delivery",
    )


def _key(kind: str, parcel: Parcel, sku: str) -> str:
    return f"{kind}:{parcel.shipment_id}:{sku}"
