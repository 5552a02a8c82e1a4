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
from modules.delivery.model.split import Parting, parted
from modules.delivery.model.table import metadata

__all__ = [
    "BROUGHT_BY",
    "LACKS",
    "REPORTED",
    "STEPS",
    "STOPPABLE",
    "Parting",
    "ShipmentTransitions",
    "allowed",
    "check_version",
    "metadata",
    "parted",
    "restocked",
    "transitions",
]
