"""What is true of every answer of every port."""

from collections.abc import Awaitable, Callable, MutableSequence, Sequence
from dataclasses import FrozenInstanceError, fields, is_dataclass
from typing import Any, TypeVar

import pytest

_T = TypeVar("_T")


async def same_again(call: Callable[[], Awaitable[_T]]) -> _T:
    """The answer to a call that may be repeated; whatever the caller does to it, the next answer is the same."""
    first, second = await call(), await call()
    assert second == first
    assert_frozen(first)
    for part in _parts(second):
        if isinstance(part, MutableSequence):
            part.clear()
    assert await call() == first
    return first


def assert_frozen(answer: object) -> None:
    """Every DTO in an answer refuses to be changed, and holds no list."""
    for part in _parts(answer):
        assert is_dataclass(part) or part is answer, f"a {type(part).__name__} inside a DTO can be changed"
        for field in fields(part) if is_dataclass(part) else ():
            with pytest.raises(FrozenInstanceError):
                setattr(part, field.name, None)


def _parts(answer: object) -> Sequence[Any]:
    """The DTOs and lists of an answer, and of those that are in them."""
    if is_dataclass(answer):
        inner = [getattr(answer, field.name) for field in fields(answer)]
        return [answer, *(part for one in inner for part in _parts(one))]
    found: list[Any] = [answer] if isinstance(answer, MutableSequence) else []
    if isinstance(answer, (tuple, MutableSequence)):
        found += [part for one in answer for part in _parts(one)]
    return found
