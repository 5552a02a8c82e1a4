"""What a call between modules means besides its data: how it may be repeated, and how long it may take."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

DEFAULT_TIMEOUT_S = 2.0

_F = TypeVar("_F", bound=Callable[..., Any])


class Repeat(StrEnum):
    """What happens when a call is made twice."""

    READ = "read"
    IDEMPOTENT = "idempotent"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """What a port method declares of itself. `key` names what makes a repeat the same call."""

    repeat: Repeat
    key: str | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S


def _declare(policy: MethodPolicy) -> Callable[[_F], _F]:
    def mark(method: _F) -> _F:
        method.__policy__ = policy  # type: ignore[attr-defined]  # functions carry attributes, Callable does not say so
        return method

    return mark


def read(*, timeout_s: float = DEFAULT_TIMEOUT_S) -> Callable[[_F], _F]:
    """Declare a method that changes nothing: it may be repeated at will."""
    return _declare(MethodPolicy(Repeat.READ, timeout_s=timeout_s))


def idempotent(key: str, *, timeout_s: float = DEFAULT_TIMEOUT_S) -> Callable[[_F], _F]:
    """Declare a method whose repeat with the same `key` changes nothing more."""
    return _declare(MethodPolicy(Repeat.IDEMPOTENT, key, timeout_s))


def once(*, timeout_s: float = DEFAULT_TIMEOUT_S) -> Callable[[_F], _F]:
    """Declare a method that must not be repeated."""
    return _declare(MethodPolicy(Repeat.ONCE, timeout_s=timeout_s))


def policies(port: type) -> dict[str, MethodPolicy]:
    """Every method of a port with what it declares.

    Raises:
        TypeError: a public method declares nothing.
    """
    found = {}
    for name in dir(port):
        if name.startswith("_") or not callable(getattr(port, name)):
            continue
        policy = getattr(getattr(port, name), "__policy__", None)
        if policy is None:
            raise TypeError(f"{port.__name__}.{name} does not declare whether it may be repeated")
        found[name] = policy
    return found


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
