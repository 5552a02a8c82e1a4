"""Whether those who know a schema as it was can live with it as it is: an addition they may pass over, and nothing else.

Both ways, as both happen in an upgrade and after it: old readers meet new events, and new readers old ones that waited.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

WORDS = {"$id", "$defs", "title", "description", "examples"}
"""What is for people, or looked up from elsewhere."""
LOOKED_INTO = {"properties", "required", "items", "anyOf"}


def breaks(before: Schema, now: Schema) -> Sequence[str]:
    """What of a change somebody could not live with, a sentence each with the member it is about."""
    return list(_Change(before, now).at("", before, now))


class _Change:
    """From one document to another; a schema in it may refer to the document's `$defs`."""

    def __init__(self, before: Schema, now: Schema) -> None:
        self._before = before
        self._now = now

    def at(self, where: str, before: Schema, now: Schema) -> Iterator[str]:
        before, now = _meant(self._before, before), _meant(self._now, now)
        for word in sorted({*before, *now} - WORDS - LOOKED_INTO):
            if _plain(before, word) != _plain(now, word):
                yield f"{where or 'all of it'}: {word} was {_plain(before, word)} and is {_plain(now, word)}"
        yield from self._members(where, before, now)
        yield from self._items(where, before, now)
        yield from self._alternatives(where, before, now)

    def _members(self, where: str, before: Schema, now: Schema) -> Iterator[str]:
        old, new = before.get("properties", {}), now.get("properties", {})
        needed, needs = set(before.get("required", ())), set(now.get("required", ()))
        for name in old:
            path = f"{where}.{name}".removeprefix(".")
            if name not in new:
                yield f"{path}: is gone"
                continue
            if (name in needed) != (name in needs):
                kinds = ("optional", "required")
                yield f"{path}: was {kinds[name in needed]} and is {kinds[name in needs]}"
            yield from self.at(path, old[name], new[name])
        for name in sorted(new.keys() - old.keys()):
            path = f"{where}.{name}".removeprefix(".")
            if name in needs:
                yield f"{path}: is new, and required"
            elif before.get("additionalProperties") is False:
                yield f"{path}: is new, and was forbidden"

    def _items(self, where: str, before: Schema, now: Schema) -> Iterator[str]:
        if "items" in before and "items" in now:
            yield from self.at(f"{where}[]", before["items"], now["items"])
        elif "items" in before or "items" in now:
            yield f"{where}[]: is of another type"

    def _alternatives(self, where: str, before: Schema, now: Schema) -> Iterator[str]:
        old, new = before.get("anyOf", []), now.get("anyOf", [])
        same = [[not list(self.at(where, one, other)) for other in new] for one in old]
        if len(old) != len(new) or not all(any(row) for row in [*same, *zip(*same, strict=True)]):
            yield f"{where or 'all of it'}: is of another type"


def _meant(document: Schema, schema: Schema) -> Schema:
    """What a schema is, or what it refers to; what is said beside a reference counts as well."""
    if "$ref" not in schema:
        return schema
    there: Schema = document["$defs"][schema["$ref"].rpartition("/")[2]]
    beside = {name: value for name, value in schema.items() if name != "$ref"}
    return {**_meant(document, there), **beside}


def _plain(schema: Schema, word: str) -> str:
    """What is said under a word, to compare and to show: in which order values are listed says nothing."""
    if word not in schema:
        return "missing"
    value = schema[word]
    return repr(sorted(value, key=repr) if isinstance(value, list) else value)
