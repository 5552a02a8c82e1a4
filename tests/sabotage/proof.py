"""Makes `docs/proof.md` from the guards that are registered: `python -m tests.sabotage.proof` writes it."""

from collections.abc import Iterator
from importlib import import_module
from itertools import groupby
from pathlib import Path

from tests.sabotage.guards import ENTRIES, ROOT, Entry

PAGE = ROOT / "docs" / "proof.md"

PROMISES = {
    "P1": "Never oversold. What is held is held for an order, and never exceeds what is on hand.",
    "P2": "A 201 is forever. An acknowledged order is stored, and its stock is held until it leaves.",
    "P3": "Once. Repeats and late answers never make a second order, shipment or stock movement.",
    "P4": "Same everywhere, however the modules are placed.",
    "P5": "Out is out. What is revoked is refused, and nobody sees what is another's.",
    "P6": "Says so. A precise answer, never a hang, a 500 or a lost write.",
}

HEAD = """\
# The proof

<!-- Written by `python -m tests.sabotage.proof`; a test compares. -->

Each promise rests on guards. For each guard a test takes it away and runs the promise's own test again, which **must
fail, and for the reason named here**: a test that has been seen red can be believed when it is green. All of it runs
with every `./run test`, against a real PostgreSQL, with the order of events forced.

Where guards cover each other, one alone can be missing and nothing is seen. Then the others are taken away first
(*the last one, without …*): with this one left the promise still holds, without it no longer.
"""


def registered() -> list[Entry]:
    """Every guard, by promise, in the order of registration."""
    here = Path(__file__).parent
    for module in sorted(here.glob("*.py")):
        if module.stem not in {"conftest", "guards", "proof"}:
            import_module(f"tests.sabotage.{module.stem}")
    return sorted(ENTRIES.values(), key=lambda entry: entry.promise)


def page() -> str:
    """The page."""
    return "\n".join([HEAD, *_promises()])


def _promises() -> Iterator[str]:
    for promise, entries in groupby(registered(), key=lambda entry: entry.promise):
        yield f"## {promise} · {PROMISES[promise]}\n"
        yield "| guard | how it is taken away | red without it, green with it | what the red test says |"
        yield "|---|---|---|---|"
        yield from (_row(entry) for entry in sorted(entries, key=lambda entry: (entry.test, entry.guard)))
        yield ""


def _row(entry: Entry) -> str:
    guard = f"{entry.guard} (*the last one, without {' and '.join(entry.beside)}*)" if entry.beside else entry.guard
    file, _, test = entry.test.partition("::")
    words = test.removeprefix("test_").replace("_", " ")
    return f"| {guard} | {entry.removal} | [{words}](../{file}) | {entry.red} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
