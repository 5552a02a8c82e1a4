"""The schemas of events that others may read, as they were released: `python -m tests.contract.released` writes `events/`.

It writes new types and what was added to others, and refuses what somebody could not live with.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.docs.schemas import data_schema, declared
from tests.contract.compatible import Schema, breaks

FOLDER = Path(__file__).with_name("events")

Schemas = Mapping[str, Schema]
"""The schema of each type."""


def present() -> Schemas:
    """What this code emits and reads."""
    return {kind.TYPE: data_schema(kind) for kinds in declared().values() for kind in kinds}


def committed() -> Schemas:
    """What was released."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.json"))}


def broken(before: Schemas, now: Schemas) -> Iterator[str]:
    """What somebody who knows the schemas as they were could not live with, a line each."""
    for type_, schema in before.items():
        if type_ in now:
            yield from (f"{type_}: {what}" for what in breaks(schema, now[type_]))
        else:
            yield f"{type_}: is gone"


def written(schema: Schema) -> str:
    """The file."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    if faults := list(broken(committed(), present())):
        sys.exit("\n".join(faults))
    for type_, schema in present().items():
        (FOLDER / f"{type_}.json").write_text(written(schema), encoding="utf-8")
