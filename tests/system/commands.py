"""Commands run in this process, for all those cases in which a process of its own would tell nothing more."""

import gc
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from entrypoints.cli.__main__ import app


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it said to programs and to people."""

    code: int
    out: str
    err: str

    @property
    def sentence(self) -> str:
        """The one line that was said to people; fails the test if there are more, or none."""
        assert self.out == "", self.out
        (line,) = self.err.splitlines()
        return line

    @property
    def json(self) -> Any:
        """What a command that was done said to programs, and nothing to people."""
        assert (self.code, self.err) == (0, "")
        return json.loads(self.out)


def command(*words: object, data: Path) -> Said:
    """Run a command. An exception that would be a traceback is raised."""
    arguments = [*map(str, words), "--data", str(data)]
    try:
        with ThreadPoolExecutor(1) as thread:  # it brings an event loop of its own
            result = thread.submit(CliRunner().invoke, app, arguments).result()
    finally:
        gc.enable()  # which a command switches off for the rest of its short life
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Said(result.exit_code, result.stdout, result.stderr)


def refused(*words: object, data: Path) -> str:
    """The sentence of a command that is refused."""
    said = command(*words, data=data)
    assert said.code == 1, said
    return said.sentence
