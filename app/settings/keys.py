"""How a setting is called: its key in the file, its variable, and whether its value is secret."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

MODULES: Final = ("auth", "sales", "delivery", "product")

SERVICES: Final = ("sales", "delivery", "product")
"""The modules that call others, and so sign in to auth. Auth is called by all and calls none."""

PREFIX: Final = "WAYBILL_"

Key = tuple[str, ...]
"""A setting's place in the tree: `("events", "bus")`."""

Problem = tuple[Key, str]
"""What is to be changed, and why."""


def is_secret(key: Key) -> bool:
    """Whether the value is or may hold a secret."""
    return len(key) > 1 and (
        key[0] in {"secrets", "databases", "services", "carrier_secrets"} or key == ("events", "url")
    )


def variable(key: Key) -> str:
    """Name the variable that sets a key."""
    return PREFIX + "__".join(key).upper()


def key_of(name: str) -> Key:
    """Find the key that a variable sets."""
    return tuple(name.removeprefix(PREFIX).lower().split("__"))


def given(tree: Mapping[str, Any], key: Key) -> bool:
    """Whether a tree has a key, or a plain value where the key's table should be."""
    node: Any = tree
    for name in key:
        if not isinstance(node, Mapping):
            return True
        if name not in node:
            return False
        node = node[name]
    return True


def leaves(tree: Mapping[str, Any], above: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every plain value of a tree, with its key."""
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from leaves(value, (*above, name))
        else:
            yield (*above, name), value
