"""Noticing that the code changed, for `up --reload`."""

from collections.abc import Iterator
from pathlib import Path

_PLACES = ("app", "modules", "entrypoints", "config", "alembic")
_KINDS = {".py", ".toml", ".html", ".css", ".js", ".mako"}


class Sources:
    """The files a server is made of; `changed` says whether any differs from the last look."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._seen = dict(self._look())

    def changed(self) -> bool:
        """Whether a file was written, added or removed since the last call."""
        now = dict(self._look())
        differs, self._seen = now != self._seen, now
        return differs

    def _look(self) -> Iterator[tuple[Path, int]]:
        for place in _PLACES:
            for path in (self._root / place).rglob("*"):
                if path.suffix in _KINDS:
                    try:
                        yield path, path.stat().st_mtime_ns
                    except FileNotFoundError:
                        continue  # an editor's temporary file
