"""Counts what goes to a database: statements by the names that repositories give them, and commits."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from sqlalchemy import TextClause, event

from modules.kernel.database import Database


@dataclass
class Traffic:
    """The statements that a database was sent, in order, and how many transactions were committed."""

    statements: list[str] = field(default_factory=list)
    commits: int = 0


@contextmanager
def traffic(database: Database, *repositories: ModuleType) -> Iterator[Traffic]:
    """What goes to `database` meanwhile."""
    names = {
        _normal(statement.text): name
        for repository in repositories
        for name, statement in vars(repository).items()
        if isinstance(statement, TextClause)
    }
    seen = Traffic()
    engine = database.engine.sync_engine

    def executing(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.statements.append(names.get(_normal(statement), statement))

    def committing(_connection: Any) -> None:
        seen.commits += 1

    event.listen(engine, "before_cursor_execute", executing)
    event.listen(engine, "commit", committing)
    try:
        yield seen
    finally:
        event.remove(engine, "before_cursor_execute", executing)
        event.remove(engine, "commit", committing)


def _normal(statement: str) -> str:
    named = re.sub(r"%\((\w+)\)s(?:::\w+)?", r":\1", statement)
    return " ".join(named.split())
