"""Carriers: one that tells by itself, and one that is played."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from random import Random

from pydantic import SecretStr

from app.settings.sections import Carriers
from app.settings.values import carrier_secrets
from modules.delivery.port import Carrier, Parcel, StatusReport

ONWARD: Mapping[str, str] = {"packed": "dispatched", "dispatched": "in_transit", "in_transit": "delivered"}


class ManualCarrier:
    """Tells by itself: people report for it, or its own system pushes updates. Fulfils `Carrier`."""

    name = "manual"
    asked_every_s = None

    def news(self, parcel: Parcel, now: datetime) -> None:
        """Nothing: nobody asks it."""


class SimulatedCarrier:
    """Plays a carrier: a parcel takes a step each `step`, until it has arrived or come back. Fulfils `Carrier`.

    What becomes of a parcel is decided by its id and the seed alone: of all parcels the share `failed` fails once and
    then arrives, and the share `returned` fails and comes back.
    """

    name = "simulated"

    def __init__(self, seed: int, step: timedelta, failed: float, returned: float) -> None:
        self._seed = seed
        self._step = step
        self._failed = failed
        self._returned = returned
        self.asked_every_s: float | None = step.total_seconds() / 2

    def news(self, parcel: Parcel, now: datetime) -> StatusReport | None:
        """The parcel's next step, when its time has come; its key is the number of the step."""
        status = self._next(parcel)
        if status is None or now - parcel.since < self._step:
            return None
        code = f"SIM-{parcel.shipment_id.hex[-12:].upper()}" if status == "dispatched" else None
        key = f"{self.name}:{parcel.steps + 1}"
        return StatusReport(status, tracking_code=code, carrier=self.name if code else None, key=key)

    def _next(self, parcel: Parcel) -> str | None:
        fate = Random(f"{self._seed}:{parcel.shipment_id}").random()  # noqa: S311  # nothing secret depends on it
        comes_back, fails = fate < self._returned, fate < self._returned + self._failed
        if parcel.status == "in_transit" and fails and not parcel.failures:
            return "failed"
        if parcel.status == "failed":
            return "returned" if comes_back else "in_transit"
        return ONWARD.get(parcel.status)


def chosen_carrier(settings: Carriers) -> Carrier:
    """The carrier that the settings name."""
    if settings.kind == "manual":
        return ManualCarrier()
    return SimulatedCarrier(settings.seed, timedelta(seconds=settings.step_s), settings.failed, settings.returned)


def signers(given: Mapping[str, SecretStr]) -> Mapping[str, Mapping[int, bytes]]:
    """With what each carrier signs, by version."""
    return {carrier: carrier_secrets(secret.get_secret_value()) for carrier, secret in given.items()}
