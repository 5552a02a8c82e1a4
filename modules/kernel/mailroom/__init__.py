"""What the operator sees of a module's events, where they leave and where they arrive, and does about them."""

from modules.kernel.mailroom.arrivals import Arrivals
from modules.kernel.mailroom.departures import Departures
from modules.kernel.mailroom.port import (
    DeadLetter,
    Handling,
    InboxOperatorPort,
    LetterNotNext,
    LetterPlace,
    NoDeadLetter,
    NoSuchEvent,
    OutboxOperatorPort,
    OutgoingEvent,
    TraceStep,
)
from modules.kernel.mailroom.remote import InboxCrossings, OutboxCrossings, RemoteInboxOperator, RemoteOutboxOperator

__all__ = [
    "Arrivals",
    "DeadLetter",
    "Departures",
    "Handling",
    "InboxCrossings",
    "InboxOperatorPort",
    "LetterNotNext",
    "LetterPlace",
    "NoDeadLetter",
    "NoSuchEvent",
    "OutboxCrossings",
    "OutboxOperatorPort",
    "OutgoingEvent",
    "RemoteInboxOperator",
    "RemoteOutboxOperator",
    "TraceStep",
]
