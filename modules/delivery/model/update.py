"""What an update of a carrier comes to: its word may come late, early, twice, or against what is known."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from modules.delivery.model.shipment import REPORTED, STEPS, allowed
from modules.kernel.errors import Invalid

APPLIED, WAITING, PAST, IMPOSSIBLE = "applied", "waiting", "past", "impossible"

MAX_WAITING = 32
"""How many updates of a shipment can wait for steps that come before them."""
LATEST, AHEAD = timedelta(days=30), timedelta(minutes=5)
"""How old what an update tells may be, and by how much the carrier's clock may be ahead."""
KEPT = timedelta(days=45)
"""How long an update is remembered: longer than it could be told again."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A step that a shipment has taken, when, and by whose word."""

    status: str
    at: datetime
    actor: str


def actor_of(carrier: str) -> str:
    """As whom a carrier stands in the history."""
    return f"carrier:{carrier}"


def called(carrier: str) -> str:
    """The name under which a carrier signs, however people write it: `DHL Express` is `dhl_express`."""
    return re.sub(r"[^a-z0-9]+", "_", carrier.lower()).strip("_")


def check_told_at(at: datetime, now: datetime) -> None:
    """See that what is told happened, and not too long ago.

    Raises:
        Invalid: it lies ahead, or is older than updates are accepted.
    """
    if at > now + AHEAD:
        raise _wrong_instant("in_the_future", "It has not happened yet.")
    if at < now - LATEST:
        raise _wrong_instant("too_old", f"It is more than {LATEST.days} days ago.")


def _wrong_instant(code: str, detail: str) -> Invalid:
    return Invalid(f"/at: {detail}", errors=[{"pointer": "/at", "code": code, "detail": detail}])


def outcome(status: str, at: datetime, actor: str, history: Sequence[Taken]) -> str:
    """What the word of a carrier, `actor`, that a shipment was in `status` since `at` comes to.

    It is *past* where the carrier itself has told of something later, or a step that was taken before would be told of
    again without having come after all that is known. Clocks of others than the carrier's decide nothing else. It is
    *applied* where it is the next step, *waits* where steps between are missing, and is *impossible* else.
    """
    here = history[-1]
    own = [step.at for step in history if step.actor == actor]
    again = any(step.status == status for step in history)
    if (own and at < max(own)) or (again and at <= here.at):
        return PAST
    if status in allowed(here.status):
        return APPLIED
    if status in _ahead(here.status):
        return WAITING
    return PAST if again else IMPOSSIBLE


def _ahead(status: str) -> frozenset[str]:
    """Everything that may be reported of a shipment after this."""
    found: set[str] = set()
    open_ = [status]
    while open_:
        fresh = {step for step in STEPS[open_.pop()] if step in REPORTED} - found
        found |= fresh
        open_ += fresh
    return frozenset(found)
