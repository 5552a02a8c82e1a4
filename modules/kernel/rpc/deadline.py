"""How long the work at hand may still take."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

DEFAULT_TIMEOUT_S = 2.0

_deadline: ContextVar[float | None] = ContextVar("deadline", default=None)


def remaining_s() -> float | None:
    """Seconds left for the work at hand; `None` where nobody waits for it."""
    deadline = _deadline.get()
    return None if deadline is None else deadline - time.monotonic()


@contextmanager
def deadline(timeout_s: float) -> Iterator[float]:
    """Bound the work inside to `timeout_s`, or to what an outer bound leaves; yields the seconds left."""
    outer = _deadline.get()
    end = time.monotonic() + timeout_s
    token = _deadline.set(end if outer is None else min(end, outer))
    try:
        yield max(0.0, remaining_s() or 0.0)
    finally:
        _deadline.reset(token)
