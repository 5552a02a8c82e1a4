"""Names for what is chance: ids by the order in which they appear, instants of the run, tokens, addresses."""

import base64
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

OF_THE_RUN = timedelta(days=60)
STEP = timedelta(minutes=10)  # far longer than the trace takes, as short as the shortest span that matters
SECRET_MEMBERS = frozenset({"x", "y", "digest", "private_sealed"})
NAMED_MEMBERS = frozenset({"kid", "refresh_token"})

_JWT = r"eyJ[\w-]+\.[\w-]+\.[\w-]+"
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)"
_TRACE = r"\b00-([0-9a-f]{32})-[0-9a-f]{16}-([0-9a-f]{2})\b"
_ADDRESS = r"http://127\.0\.0\.1:\d+"
_CURSOR = r"\b[A-Za-z0-9_-]{80,200}\b"
_CHANCE = re.compile(
    f"(?P<jwt>{_JWT})|(?P<id>{_UUID})|(?P<instant>{_INSTANT})|(?P<trace>{_TRACE})|(?P<address>{_ADDRESS})"
    f"|(?P<cursor>{_CURSOR})"
)


class Names:
    """What was seen so far in one run. `known` are names that are given beforehand."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._names = dict(known)
        self._counts: dict[str, int] = {}
        self._now = datetime.now(UTC)

    def of(self, raw: str, kind: str) -> str:
        """The name of something; a new one where it was not seen before."""
        if raw not in self._names:
            self._counts[kind] = self._counts.get(kind, 0) + 1
            self._names[raw] = f"<{kind} {self._counts[kind]}>"
        return self._names[raw]

    def plain(self, text: str) -> str:
        """A text, with names in place of what is chance."""
        return _CHANCE.sub(self._named, text)

    def document(self, content: Any, member: str = "") -> Any:
        """The same for all that is in a JSON document."""
        if isinstance(content, dict):
            return {name: self.document(value, name) for name, value in content.items()}
        if isinstance(content, list):
            return [self.document(one) for one in content]
        if not isinstance(content, str):
            return content
        if member in SECRET_MEMBERS:
            return f"<{member}>"
        return self.of(content, member) if member in NAMED_MEMBERS else self.plain(content)

    def masked(self, content: Any) -> str:
        """A document with `<id>` for every id that has no name yet: what tells rows apart before they are named."""
        return rendered(_Masked(self._names).document(content))

    def _named(self, found: re.Match[str]) -> str:
        raw = found[0]
        match found.lastgroup:
            case "jwt":
                return self._token(raw)
            case "instant":
                return self._instant(raw)
            case "trace":
                _, trace, _, flags = raw.split("-")
                return f"00-{trace}-<span>-{flags}"
            case "address":
                return "http://<address>"
            case "cursor":
                return self._cursor(raw)
        return self.of(raw, "id")

    def _instant(self, raw: str) -> str:
        """How far an instant is from this run, in steps; one that has nothing to do with it stays as it is."""
        away = datetime.fromisoformat(raw) - self._now
        if abs(away) >= OF_THE_RUN:
            return raw
        steps = round(away / STEP)
        return f"<now {steps * 10:+d} min>" if steps else "<now>"

    def _token(self, raw: str) -> str:
        """What a token says, with its life as a number of seconds."""
        head, claims = (orjson.loads(_decoded(part)) for part in raw.split(".")[:2])
        claims["exp"] -= claims["iat"]
        claims["iat"] = "<now>"
        return rendered(self.document([head, claims]))

    def _cursor(self, raw: str) -> str:
        try:
            return f"<cursor {self.plain(_decoded(raw).decode().replace(' ', '|'))}>"
        except ValueError:
            return raw


class _Masked(Names):
    """Knows names, and gives none."""

    def of(self, raw: str, kind: str) -> str:
        return self._names.get(raw, f"<{kind}>")


def rendered(content: Any) -> str:
    """A document on one line, its members in order."""
    return orjson.dumps(content, option=orjson.OPT_SORT_KEYS).decode()


def in_order(names: Names, rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """Rows as lines, by what they say and not by how their database keeps them; ids are named on the way.

    Rows that say the same but for ids without a name are told apart by those: ids of this system sort by their age.
    """
    ordered = sorted(rows, key=lambda row: (names.masked(row), rendered(row)))
    return sorted(rendered(names.document(dict(row))) for row in ordered)


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
