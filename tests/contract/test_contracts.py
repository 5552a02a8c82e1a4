"""The contracts between processes are data: who changes one is told so, and what to do."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest

from app.container import REMOTE, contracts
from modules.kernel import rpc
from modules.kernel.errors import Conflict, NotFound
from tests.contract.contracts import FILE, changes, committed, present, written

WHAT_TO_DO = """
A port method means something else than in the release before: processes of the two refuse to talk about it.

1. Where this was not meant, undo it: its DTOs, its arguments, its path or its `raises=` have changed.
2. Where the new code still fulfils what a caller of the old one asks and can read, give the old hash to `formerly=` of
   the method's `rpc.crossing` in `remote.py`: then an upgrade needs no pause.
3. Then run `python -m tests.contract.contracts`, and commit the file with the change.
"""


def test_every_contract_is_the_one_that_was_committed() -> None:
    changed = "\n".join(changes(committed(), present()))
    assert not changed, f"{changed}\n{WHAT_TO_DO}"
    assert FILE.read_text(encoding="utf-8") == written(present())


def test_every_method_of_every_port_has_a_contract() -> None:
    assert {module: set(methods) for module, methods in present().items()} == {
        module: {method.name for method in room.METHODS} for module, room in REMOTE.items()
    }
    hashes = [contract for methods in present().values() for contract in methods.values()]
    assert len(set(hashes)) == len(hashes)


def test_what_is_served_begins_with_the_contract_of_today() -> None:
    assert {
        module: {name: offered[0] for name, offered in methods.items()} for module, methods in contracts().items()
    } == present()


@pytest.mark.parametrize("seed", ["0", "1"])
def test_another_process_of_this_release_means_the_same(seed: str) -> None:
    """Its sets and hashes come in another order."""
    program = "from tests.contract.contracts import present, written; print(written(present()), end='')"
    told = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        cwd=Path(__file__).parents[2],
        env={"PYTHONHASHSEED": seed},
    )
    assert told.stdout == FILE.read_text(encoding="utf-8")


# what changes a contract


@dataclass(frozen=True, slots=True)
class Thing:
    """A thing."""

    title: str
    size: int = 1


@dataclass(frozen=True, slots=True)
class LargerThing:
    title: str
    size: int = 2


class Plain(Protocol):
    @rpc.read()
    async def look(self, where: str) -> Thing: ...


class Documented(Protocol):
    """Words, and how long it takes, are nobody's business but ours."""

    @rpc.read(timeout_s=30)
    async def look(self, where: str) -> Thing:
        """What there is."""
        ...


class Repeatable(Protocol):
    @rpc.once()
    async def look(self, where: str) -> Thing: ...


class Otherwise(Protocol):
    @rpc.read()
    async def look(self, place: str) -> Thing: ...


class Larger(Protocol):
    @rpc.read()
    async def look(self, where: str) -> LargerThing: ...


class Optional(Protocol):
    @rpc.read()
    async def look(self, where: str = "here") -> Thing: ...


class Refusing(Protocol):
    @rpc.read(raises=(NotFound, Conflict))
    async def look(self, where: str) -> Thing: ...


class RefusingInOtherOrder(Protocol):
    @rpc.read(raises=(Conflict, NotFound))
    async def look(self, where: str) -> Thing: ...


def contract(port: type[Plain], path: str = "/look") -> str:
    return rpc.crossing(port.look, path).contract


def test_words_and_order_are_no_part_of_a_contract() -> None:
    assert contract(Plain) == contract(Documented) == contract(Repeatable)  # type: ignore[type-abstract]
    assert contract(Refusing) == contract(RefusingInOtherOrder)  # type: ignore[type-abstract]


def test_names_shapes_codes_and_paths_are() -> None:
    plain = [Plain, Larger, Optional, Refusing, Otherwise]
    found = {contract(port) for port in plain} | {contract(Plain, "/elsewhere")}  # type: ignore[type-abstract, arg-type]
    assert len(found) == len(plain) + 1


def test_a_change_is_named_with_both_hashes() -> None:
    before = {"sales": {"settle": "a", "gone": "b"}}
    now = {"sales": {"settle": "c"}, "auth": {"keys": "d"}}
    assert list(changes(before, now)) == ["auth.keys: new → d", "sales.gone: b → gone", "sales.settle: a → c"]
