"""Shipments: what is on its way, the steps that it may take, and how it is split."""

from modules.delivery.model.shipment import (
    BROUGHT_BY,
    LACKS,
    REPORTED,
    STEPS,
    STOPPABLE,
    ShipmentTransitions,
    allowed,
    check_version,
    restocked,
    transitions,
)
from modules.delivery.model.signature import Secrets, signature, signed_with
from modules.delivery.model.split import Parting, parted
from modules.delivery.model.update import (
    APPLIED,
    IMPOSSIBLE,
    KEPT,
    MAX_WAITING,
    PAST,
    WAITING,
    Taken,
    actor_of,
    called,
    check_told_at,
    outcome,
)

__all__ = [
    "APPLIED",
    "BROUGHT_BY",
    "IMPOSSIBLE",
    "KEPT",
    "LACKS",
    "MAX_WAITING",
    "PAST",
    "REPORTED",
    "STEPS",
    "STOPPABLE",
    "WAITING",
    "Parting",
    "Secrets",
    "ShipmentTransitions",
    "Taken",
    "actor_of",
    "allowed",
    "called",
    "check_told_at",
    "check_version",
    "outcome",
    "parted",
    "restocked",
    "signature",
    "signed_with",
    "transitions",
]
