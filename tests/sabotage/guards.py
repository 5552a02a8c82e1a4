"""Seen red, for good: each guard is taken away, and the test of its promise must fail.

A guard is registered with the decorator `guard`. What it decorates takes the guard away, and its docstring says how:

    @guard(SHOP, "P1", "the CHECK on stock", test=test_two_buyers_never_…, red="oversold")
    async def no_check(shop: Shop, patch: pytest.MonkeyPatch) -> None:
        \"\"\"`ALTER TABLE stock DROP CONSTRAINT stock_never_oversold`\"\"\"
        await shop.alter(…)

- `SHOP` is a list of guards of one world (what the tests of the promise take as their one argument); a `test_*.py` here
  runs each of them with `keeps` and `breaks`.
- `test` is the promise's own test, as it stands in the suite; `red` must be found in what it says when it fails, so that
  it fails for this reason and no other.
- `beside` names guards that cover this one. They are taken away too: the promise holds with this one alone, and breaks
  without it.

A sabotage that is a test of its own, with its own assertions, is registered with the decorator `seen_red`:

    @seen_red("P3", "the condition on `consumed_at`", test=test_a_token_is_exchanged_once)
    async def test_without_the_condition_a_token_is_exchanged_twice(…) -> None: …

`docs/proof.md` is made from all that is registered: `python -m tests.sabotage.proof` writes it.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest

from modules.kernel.database import Statement, sql

ROOT = Path(__file__).parents[2]

W = TypeVar("W")
_F = TypeVar("_F", bound=Callable[..., Any])

Test = Callable[[W], Awaitable[None]]
Removal = Callable[[W, pytest.MonkeyPatch], Awaitable[None]]


@dataclass(frozen=True)
class Entry:
    """A row of the proof."""

    promise: str
    guard: str
    removal: str
    test: str
    red: str
    beside: tuple[str, ...] = ()


ENTRIES: dict[tuple[str, str], Entry] = {}
"""Everything registered, by promise and guard. A module that is imported under two names registers the same again."""


@dataclass(frozen=True)
class Guard(Generic[W]):
    """Something that a promise rests on, and how it is taken away."""

    promise: str
    name: str
    remove: Removal[W]
    test: Test[W]
    red: str
    beside: tuple["Guard[W]", ...] = field(default=())

    def __str__(self) -> str:
        covered = f" beside {', '.join(other.name for other in self.beside)}" if self.beside else ""
        return f"{self.promise} {self.name}{covered}"


def guard(
    world: list[Guard[W]], promise: str, name: str, *, test: Test[W], red: str, beside: Sequence[Guard[W]] = ()
) -> Callable[[Removal[W]], Guard[W]]:
    """Register a guard; the decorated function takes it away. See the module's docstring."""

    def register(remove: Removal[W]) -> Guard[W]:
        made = Guard(promise, name, remove, test, red, tuple(beside))
        world.append(made)
        _enter(Entry(promise, name, _told(remove), _place(test), red, tuple(other.name for other in beside)))
        return made

    return register


def seen_red(promise: str, name: str, *, test: Callable[..., Any], red: str = "") -> Callable[[_F], _F]:
    """Register a test that takes a guard away by itself, and asserts what breaks."""

    def register(sabotage: _F) -> _F:
        _enter(Entry(promise, name, _told(sabotage), _place(test), red or _sentence(sabotage)))
        return sabotage

    return register


async def keeps(promised: Guard[W], world: W, check: Test[W], patch: pytest.MonkeyPatch) -> None:
    """With the guard, alone where others cover it, the promise holds."""
    for other in promised.beside:
        await other.remove(world, patch)
    await _tried(promised, world, check)


async def breaks(promised: Guard[W], world: W, check: Test[W], patch: pytest.MonkeyPatch) -> None:
    """Without the guard the promise's test fails, or leaves behind what must not be, for the reason that is known."""
    for one in (*promised.beside, promised):
        await one.remove(world, patch)
    with pytest.raises(AssertionError, match=re.escape(promised.red)):
        await _tried(promised, world, check)


async def _tried(promised: Guard[W], world: W, check: Test[W]) -> None:
    await promised.test(world)
    await check(world)


def without(statement: Statement, piece: str, instead: str = "") -> Statement:
    """The statement as it would be if somebody had forgotten a piece of it."""
    assert piece in statement, f"{piece!r} is no piece of {statement}"
    return sql(statement.replace(piece, instead))


def _enter(entry: Entry) -> None:
    key = entry.promise, entry.guard + " ".join(entry.beside)
    if ENTRIES.setdefault(key, entry) != entry:
        raise ValueError(f"two guards are registered as {entry.promise} {entry.guard}")


def _told(removal: Callable[..., Any]) -> str:
    return " ".join((removal.__doc__ or _sentence(removal)).split())


def _sentence(test: Callable[..., Any]) -> str:
    return test.__name__.removeprefix("test_").replace("_", " ")


def _place(test: Callable[..., Any]) -> str:
    path = Path(test.__code__.co_filename).resolve().relative_to(ROOT).as_posix()
    return f"{path}::{test.__name__}"
