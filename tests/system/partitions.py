"""All the ways to split the modules into processes."""

from collections.abc import Iterator, Sequence

MODULES = ("auth", "sales", "delivery", "product")

Groups = tuple[tuple[str, ...], ...]


def partitions(modules: Sequence[str] = MODULES) -> Iterator[Groups]:
    """Every partition of the modules, each as its groups: 15 of four modules."""
    if not modules:
        yield ()
        return
    first, *rest = modules
    for smaller in partitions(rest):
        yield ((first,), *smaller)
        for place, group in enumerate(smaller):
            yield (*smaller[:place], (first, *group), *smaller[place + 1 :])


def name(groups: Groups) -> str:
    """How `--split` says it."""
    return ",".join("+".join(group) for group in groups)


ALL = {name(groups): groups for groups in sorted(partitions(), key=lambda groups: (len(groups), groups))}
