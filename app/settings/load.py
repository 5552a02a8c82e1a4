"""From a file, variables and options to settings, or to sentences that say what to change."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import InitSettingsSource

from app.settings.errors import SettingsError
from app.settings.keys import Key, given, variable
from app.settings.model import Settings
from app.settings.sources import File, Variables


def load_settings(path: Path, env: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Everything this process is told, from three places: the TOML file at path, variables, overrides; later wins.

    Variables are those of the process unless env is given: `WAYBILL_` and the key, tables joined by `__`
    (`WAYBILL_EVENTS__BUS`), a list with commas (`WAYBILL_MODULES=auth,sales`). A secret may be given as the path of a file:
    `WAYBILL_SECRETS__PEPPER_FILE`. Overrides are what the command line gave, shaped like the file
    (`server={"port": 3001}`); None means not given.

    Raises:
        SettingsError: the file is missing or malformed, a key unknown, a value out of bounds, a secret in the file, or
            the whole contradicts itself. Every problem is told at once.

    """
    file = File.read(path)
    variables = Variables(os.environ if env is None else env)
    options = _without_none(overrides)

    def where(key: Key) -> str:
        return "command line" if given(options, key) else variables.where(key) or file.where(key)

    problems = [f"{name}: {what}" for name, what in variables.problems.items()]
    problems += [f"{file.where(key)}: {'.'.join(key)}: {what}" for key, what in file.secrets()]
    sources = (InitSettingsSource(Settings, options), variables, InitSettingsSource(Settings, file.tree))
    try:
        settings = Settings(_build_sources=(sources, {}))
    except ValidationError as refused:
        for detail in refused.errors(include_url=False, include_input=False):
            key = _key(detail)
            if where(key) not in variables.problems:
                problems.append(f"{where(key)}: {'.'.join(key)}: {_what(detail)}")
    if problems:
        # Raised outside the handler: the library's errors hold values, and some of those are secret.
        raise SettingsError(problems)
    return settings


def _without_none(tree: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: _without_none(value) if isinstance(value, Mapping) else value for name, value in tree.items()}
    return {name: value for name, value in values.items() if value is not None and value != {}}


def _key(detail: ErrorDetails) -> Key:
    return tuple(str(name) for name in detail["loc"])


def _what(detail: ErrorDetails) -> str:
    key = _key(detail)
    match detail["type"]:
        case "extra_forbidden":
            return f"is no setting; known here are {', '.join(_members(key[:-1]))}"
        case "missing":
            return f"is missing; set it here, or as {variable(key)}"
        case "too_short" if key[0] in {"secrets", "services"}:
            return f"must have at least {detail['ctx']['min_length']} characters; generate it, do not make it up"
        case "value_error":
            return str(detail["ctx"]["error"])
        case _:
            return detail["msg"][:1].lower() + detail["msg"][1:]


def _members(key: Key) -> list[str]:
    model: type[BaseModel] = Settings
    for name in key:
        model = cast("type[BaseModel]", model.model_fields[name].annotation)
    return list(model.model_fields)
