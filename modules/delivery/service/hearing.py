"""What carriers push: each message counts once, whenever it comes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from modules.delivery import repository
from modules.delivery.model import (
    APPLIED,
    KEPT,
    MAX_WAITING,
    PAST,
    WAITING,
    actor_of,
    called,
    check_told_at,
    outcome,
    restocked,
)
from modules.delivery.port import (
    AmbiguousTrackingCode,
    CarrierUpdate,
    Heard,
    MessageIdReused,
    NoSuchShipment,
    TooEarly,
)
from modules.delivery.service.stepping import Stepping, report_of
from modules.delivery.service.views import taken_steps
from modules.kernel.clock import Clock
from modules.kernel.database import Database, Transaction
from modules.kernel.idempotency import fingerprint
from modules.kernel.ids import ShipmentId


class Hearing:
    """Hears what carriers say of shipments, and writes every word down with what it came to."""

    def __init__(self, database: Database, stepping: Stepping, clock: Clock) -> None:
        self._database = database
        self._stepping = stepping
        self._clock = clock

    async def hear(self, carrier: str, update: CarrierUpdate) -> Heard:
        """Take what a carrier says of a shipment of its own; the same message again has the same answer.

        Raises:
            NoSuchShipment: there is none of that id or tracking code that is this carrier's.
            AmbiguousTrackingCode: there are several.
            MessageIdReused: the carrier has said something else in this message before.
            NothingToRestock: `restock` is said of another step than a return.
            TooEarly: too much waits already.
            Invalid: it lies ahead, or is too old.
        """
        said = fingerprint(replace(update, secret_version=0))
        async with self._database.transaction() as transaction:
            earlier = await repository.heard(transaction, carrier, update.message_id)
            if earlier is None:
                check_told_at(update.at, self._clock.now())
                restocked(update.status, restock=update.restock)
                shipment_id = await _meant(transaction, carrier, update)
                heard = await self._new(transaction, carrier, shipment_id, update, said)
                if heard is not None:
                    return heard
                earlier = await repository.heard(transaction, carrier, update.message_id)
        return _again(earlier, said)

    async def forget(self, limit: int) -> int:
        """Take away up to `limit` messages that can't be told again; answers how many."""
        async with self._database.single() as transaction:
            return await repository.forget_updates(transaction, KEPT, limit)

    async def _new(
        self, transaction: Transaction, carrier: str, shipment_id: ShipmentId, update: CarrierUpdate, said: str
    ) -> Heard | None:
        """What a message comes to; `None` where it was heard meanwhile."""
        fulfilment = await repository.lock_fulfilment(transaction, shipment_id)
        shipment = (await repository.shipments(transaction, [shipment_id])).get(shipment_id)
        if fulfilment is None or shipment is None or not _is_of(shipment, carrier):
            raise NoSuchShipment(f"{carrier} has no shipment {shipment_id}.")
        came_to = outcome(update.status, update.at, actor_of(carrier), taken_steps(shipment))
        if came_to == WAITING:
            came_to = await _waits(transaction, carrier, shipment, update)
        row = _row(carrier, shipment_id, update) | {"fingerprint": said, "outcome": came_to}
        if not await repository.hear(transaction, row | {"received_at": self._clock.now()}):
            return None
        if came_to == APPLIED:
            report = report_of(carrier, update, shipment)
            shipment = await self._stepping.take(transaction, fulfilment, shipment, actor_of(carrier), report)
            shipment = await self._stepping.take_up(transaction, fulfilment, shipment)
        return Heard(update.message_id, shipment_id, came_to, shipment.status)


async def _meant(transaction: Transaction, carrier: str, update: CarrierUpdate) -> ShipmentId:
    """The shipment that a message is about: by its id, else by its tracking code."""
    if update.shipment_id is not None:
        return update.shipment_id
    found = await repository.tracked(transaction, update.tracking_code or "")
    mine: Sequence[Any] = [row for row in found if _is_of(row, carrier)]
    if not mine:
        raise NoSuchShipment(f"{carrier} has no shipment with this tracking code.")
    if len(mine) > 1:
        raise AmbiguousTrackingCode("Several shipments have this tracking code; send shipment_id.")
    shipment_id: ShipmentId = mine[0].id
    return shipment_id


async def _waits(transaction: Transaction, carrier: str, shipment: Any, update: CarrierUpdate) -> str:
    """Whether an update has to wait: of those that say again where the shipment is already, the latest alone does."""
    waiting = await repository.waiting_updates(transaction, shipment.id)
    same = [one for one in waiting if (one.carrier, one.status) == (carrier, update.status)]
    if update.status == shipment.status and same:
        if any(one.at >= update.at for one in same):
            return PAST
        for one in same:
            await repository.decide(transaction, carrier, one.message_id, PAST)
    elif len(waiting) >= MAX_WAITING:
        raise TooEarly(f"{len(waiting)} updates of this shipment wait for steps before them.")
    return WAITING


def _is_of(shipment: Any, carrier: str) -> bool:
    """Whether a shipment is in this carrier's hands, or in nobody's yet."""
    return shipment.carrier is None or called(shipment.carrier) == carrier


def _again(earlier: Any, said: str) -> Heard:
    if earlier.fingerprint != said:
        raise MessageIdReused("This webhook-id came with another update before.")
    return Heard(earlier.message_id, earlier.shipment_id, earlier.outcome, earlier.status, replayed=True)


def _row(carrier: str, shipment_id: ShipmentId, update: CarrierUpdate) -> dict[str, Any]:
    return {
        "carrier": carrier,
        "message_id": update.message_id,
        "secret_version": update.secret_version,
        "shipment_id": shipment_id,
        "status": update.status,
        "at": update.at,
        "note": update.note,
        "tracking_code": update.tracking_code,
        "restock": update.restock,
    }
