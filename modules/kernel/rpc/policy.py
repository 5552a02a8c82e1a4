"""What a port method declares of itself."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from modules.kernel.errors import WaybillError
from modules.kernel.rpc.deadline import DEFAULT_TIMEOUT_S

_F = TypeVar("_F", bound=Callable[..., Any])


class Repeat(StrEnum):
    """What happens when a call is made twice."""

    READ = "read"
    IDEMPOTENT = "idempotent"
    ONCE = "once"


@dataclass(frozen=True, slots=True)
class MethodPolicy:
    """What a port method declares of itself. `key` names what makes a repeat the same call, `raises` its refusals."""

    repeat: Repeat
    key: str | None = None
    timeout_s: float = DEFAULT_TIMEOUT_S
    raises: tuple[type[WaybillError], ...] = ()


def _declare(policy: MethodPolicy) -> Callable[[_F], _F]:
    def mark(method: _F) -> _F:
        method.__policy__ = policy  # type: ignore[attr-defined]  # functions carry attributes, Callable does not say so
        return method

    return mark


def read(*, timeout_s: float = DEFAULT_TIMEOUT_S, raises: tuple[type[WaybillError], ...] = ()) -> Callable[[_F], _F]:
    """Declare a method that changes nothing: it may be repeated at will."""
    return _declare(MethodPolicy(Repeat.READ, None, timeout_s, raises))


def idempotent(
    key: str, *, timeout_s: float = DEFAULT_TIMEOUT_S, raises: tuple[type[WaybillError], ...] = ()
) -> Callable[[_F], _F]:
    """Declare a method whose repeat with the same `key` changes nothing more."""
    return _declare(MethodPolicy(Repeat.IDEMPOTENT, key, timeout_s, raises))


def once(*, timeout_s: float = DEFAULT_TIMEOUT_S, raises: tuple[type[WaybillError], ...] = ()) -> Callable[[_F], _F]:
    """Declare a method that must not be repeated."""
    return _declare(MethodPolicy(Repeat.ONCE, None, timeout_s, raises))


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
