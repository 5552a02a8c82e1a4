"""Makes `contracts.json` from what every port method means: `python -m tests.contract.contracts` writes it."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.container import contracts

FILE = Path(__file__).with_name("contracts.json")

Contracts = Mapping[str, Mapping[str, str]]
"""The contract of each method, by module."""


def present() -> Contracts:
    """What this code means."""
    return {
        module: {name: offered[0] for name, offered in sorted(methods.items())}
        for module, methods in sorted(contracts().items())
    }


def committed() -> Contracts:
    """What the release that was committed means."""
    read: Contracts = json.loads(FILE.read_text(encoding="utf-8"))
    return read


def changes(before: Contracts, now: Contracts) -> Iterator[str]:
    """What is another contract by now, a line each."""
    for module in sorted({*before, *now}):
        old, new = before.get(module, {}), now.get(module, {})
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                yield f"{module}.{name}: {old.get(name, 'new')} → {new.get(name, 'gone')}"


def written(content: Contracts) -> str:
    """The file."""
    return json.dumps(content, indent=2) + "\n"


if __name__ == "__main__":
    FILE.write_text(written(present()), encoding="utf-8")
