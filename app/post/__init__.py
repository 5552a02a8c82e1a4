"""What operators ask of events across modules: how far they are behind, where one is, the whole way of an order."""

from app.post.lag import Lag, ModuleLag, lag
from app.post.way import Shown, Step, Undelivered, dead_letter_of, dead_letters, republished, shown, way

__all__ = [
    "Lag",
    "ModuleLag",
    "Shown",
    "Step",
    "Undelivered",
    "dead_letter_of",
    "dead_letters",
    "lag",
    "republished",
    "shown",
    "way",
]
