"""All documents that are written from the code, by their place below `docs`."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.docs import state_machines
from app.docs.asyncapi import asyncapi
from app.docs.openapi import openapi
from app.settings import MODULES

EXAMPLES = "events"
"""The folder with an event of each type as it was once emitted, which a test keeps true."""


def documents(folder: Path) -> Mapping[Path, str]:
    """Every document, as it has to be; the examples are taken from the folder.

    Raises:
        ImportError: PyYAML is not there, as in an installation that only serves.
    """
    examples = {
        path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((folder / EXAMPLES).glob("*.json"))
    }
    return {
        **{Path("openapi", f"{module}.json"): _json(openapi(module)) for module in MODULES},
        Path("asyncapi.yaml"): _yaml(asyncapi(examples)),
        Path("state-machines.md"): state_machines.page(),
    }


def _text(dumper: Any, text: str) -> Any:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _yaml(document: Mapping[str, Any]) -> str:
    import yaml

    class Plain(yaml.SafeDumper):
        """Writes a thing wherever it stands, never a reference to where it stood before, and lines as lines."""

        def ignore_aliases(self, _data: object) -> bool:
            return True

    Plain.add_representer(str, _text)
    head = "# Written by `waybill docs`; a test compares.\n"
    return head + yaml.dump(document, Dumper=Plain, sort_keys=False, allow_unicode=True, width=120)
