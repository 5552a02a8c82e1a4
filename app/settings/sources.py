"""Where a value was given: the file with its line, a variable, or the command line."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from pydantic_settings import EnvSettingsSource

from app.settings.errors import SettingsError
from app.settings.keys import PREFIX, Key, Problem, given, is_secret, key_of, leaves, variable
from app.settings.model import Settings
from app.settings.values import holds_password

NOT_SETTINGS = frozenset({"WAYBILL_CONFIG", "WAYBILL_FAILPOINTS", "WAYBILL_MIGRATE"})
"""Variables that say where settings are, and so are none."""


@dataclass(frozen=True)
class File:
    """A settings file as it was read."""

    path: Path
    text: str
    tree: dict[str, Any]

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a TOML file. Raises SettingsError where there is none, or it is malformed."""
        try:
            text = path.read_text(encoding="utf-8")
            return cls(path, text, tomllib.loads(text))
        except OSError as error:
            raise SettingsError([f"{path}: cannot be read: {error.strerror}"]) from error
        except UnicodeDecodeError:
            raise SettingsError([f"{path}: is not UTF-8"]) from None
        except tomllib.TOMLDecodeError as error:
            what, _, position = str(error).rpartition(" (at ")
            line = re.match(r"line (\d+)", position)
            number = line[1] if line else text.rstrip("\n").count("\n") + 1
            # `from None`, here and above: the error holds the whole text, and perhaps a secret put there by mistake.
            raise SettingsError([f"{path}:{number}: malformed TOML: {what}"]) from None

    def where(self, key: Key) -> str:
        """Name the line that gives a key, or the table it should be in."""
        while key:
            if given(self.tree, key):
                return f"{self.path}:{self._line(key)}"
            key = key[:-1]
        return str(self.path)

    def _line(self, key: Key) -> int:
        # The TOML parser keeps no positions. But a statement begins after the longest good beginning without the key.
        lines = self.text.split("\n")
        start = 0
        for end in range(1, len(lines) + 1):
            try:
                tree = tomllib.loads("\n".join(lines[:end]))
            except tomllib.TOMLDecodeError:
                continue  # in the middle of a value of several lines
            if given(tree, key):
                break
            start = end
        return start + 1

    def secrets(self) -> list[Problem]:
        """What of it is secret: it is under version control, where no secret may be."""
        return [
            (key, f"a secret does not belong in a file of settings; set {variable(key)}, or {variable(key)}_FILE")
            for key, value in leaves(self.tree)
            if is_secret(key) and (key[0] in {"secrets", "services", "carrier_secrets"} or holds_password(str(value)))
        ]


class Variables(EnvSettingsSource):
    """The settings among environment variables; secrets may be given as `…_FILE`, the path of a file that holds one."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        super().__init__(Settings)
        self.names: dict[Key, str] = {}
        self.problems: dict[str, str] = {}
        values: dict[str, str] = {}
        # An empty variable is what `${NAME:-}` leaves behind in a compose file: not given.
        for name in sorted(name for name, value in environment.items() if name.startswith(PREFIX) and value):
            if name not in NOT_SETTINGS:
                values |= self._take(name, environment[name])
        self.env_vars = values

    def _take(self, name: str, value: str) -> dict[str, str]:
        base = name.removesuffix("_FILE")
        from_file = base != name and is_secret(key_of(base))
        key = key_of(base if from_file else name)
        # `modules` is the one setting that stands in no table.
        if key[0] not in Settings.model_fields or len(key) != (1 if key[0] == "modules" else 2):
            self.problems[name] = "is no setting; they look like WAYBILL_MODULES or WAYBILL_EVENTS__BUS"
            return {}
        if key in self.names:
            self.problems[name] = f"{self.names[key]} is given too; keep one"
            return {}
        self.names[key] = name
        if from_file:
            try:
                value = Path(value).read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
                self.problems[name] = f"its file cannot be read: {reason}"
        return {variable(key).lower(): value}

    def where(self, key: Key) -> str | None:
        """Name the variable that gives a key, or None."""
        return next((self.names[key[:end]] for end in range(len(key), 0, -1) if key[:end] in self.names), None)
