"""A process that was told to stop, as requests see it."""

from collections.abc import Callable

Leaving = Callable[[], bool]
"""Whether this process was told to stop."""

LEAVING = "waybill.leaving"
"""Where in a request's scope that stands."""


def never() -> bool:
    """Of one that nobody tells to stop."""
    return False
