"""Stock that leaves with a parcel, and stock that comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from modules.kernel.database import Transaction
from modules.kernel.errors import Conflict
from modules.product import repository
from modules.product.repository import Movement


class HoldClosed(Conflict, code="product.hold_closed"):
    """A parcel left whose hold had been given back already: stock and shipment disagree."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """So many of each SKU, of one hold, in one shipment."""

    shipment_id: UUID
    hold_id: UUID
    lines: tuple[tuple[str, int], ...]


async def ship(transaction: Transaction, parcels: Sequence[Parcel]) -> None:
    """Book out what left: it is neither held nor on hand any more. A parcel that is booked already counts once.

    Raises:
        HoldClosed: a hold had nothing left for its parcel.
    """
    states = await repository.lock_holds(transaction, sorted({parcel.hold_id for parcel in parcels}))
    movements = {
        _key("ship", parcel, sku): (parcel, sku, quantity) for parcel in parcels for sku, quantity in parcel.lines
    }
    booked = await repository.movements(transaction, list(movements))
    fresh = {key: what for key, what in movements.items() if key not in booked}
    for parcel, _, _ in fresh.values():
        if states.get(parcel.hold_id, "closed") == "closed":
            raise HoldClosed(f"Shipment {parcel.shipment_id} left, but hold {parcel.hold_id} is closed.")
    await repository.lock_stock(transaction, sorted({sku for _, sku, _ in fresh.values()}))
    await repository.book(
        transaction,
        [
            Movement(key, sku, "ship", n, on_hand_change=-n, held_change=-n, hold_id=parcel.hold_id)
            for key, (parcel, sku, n) in fresh.items()
        ],
        "delivery",
    )
    await repository.account(
        transaction,
        [{"hold_id": parcel.hold_id, "sku": sku, "shipped": n, "released": 0} for parcel, sku, n in fresh.values()],
    )


async def take_back(transaction: Transaction, parcels: Sequence[Parcel], *, restock: bool) -> None:
    """Book what came back: into stock, or written off, which changes no counter. Counts once per parcel."""
    await repository.lock_stock(transaction, sorted({sku for parcel in parcels for sku, _ in parcel.lines}))
    kind = "return" if restock else "write_off"
    await repository.book(
        transaction,
        [
            Movement(_key("return", parcel, sku), sku, kind, n, on_hand_change=n * restock, hold_id=parcel.hold_id)
            for parcel in parcels
            for sku, n in parcel.lines
        ],
        "delivery",
    )


def _key(kind: str, parcel: Parcel, sku: str) -> str:
    return f"{kind}:{parcel.shipment_id}:{sku}"
