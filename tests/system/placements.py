"""Makes `docs/placements.md`: `python -m tests.system.placements` writes it."""

from collections.abc import Iterator, Mapping, Sequence

from app.container import CALLEES
from app.supervisor.plan import ProcessSpec, planned
from tests.system.partitions import ALL, MODULES, Groups
from tests.system.running import ROOT
from tests.system.trace_rows import EXCEPTIONS

PAGE = ROOT / "docs" / "placements.md"
ALONE = 3000
TEST = "tests/system/test_partitions.py::test_the_whole_journey_is_the_same_in"

ASKED: Mapping[tuple[str, str], Sequence[str]] = {
    ("sales", "product"): ("availability", "release", "catalogue", "progress"),
    ("sales", "delivery"): ("progress", "last_told"),
    ("sales", "auth"): ("keys", "revocations"),
    ("delivery", "sales"): ("progress", "last_told"),
    ("delivery", "product"): ("progress",),
    ("delivery", "auth"): ("keys", "revocations"),
    ("product", "sales"): ("settle", "last_told"),
    ("product", "delivery"): ("last_told",),
    ("product", "auth"): ("keys", "revocations"),
}
"""What each module asks of each that it calls."""

HEAD = """\
# All fifteen placements

<!-- Written by `python -m tests.system.placements`; a test compares. -->

Four modules can be put into processes in 15 ways, and configuration alone chooses: `./run up --split …`,
`./run demo --split …`, or a process at a time, `waybill serve --config config/distributed.toml --modules …`. `+` puts
modules together, a comma takes them apart. A process of a split listens on the port of the module that is named first in
it: 3004 auth, 3001 sales, 3002 delivery, 3003 product (`--ports sales=4001,…` gives others). Everything in one listens
on 3000 (`--port`).

## Which one

Begin with one process: it starts in a second or two, needs no Redis, and its calls cost microseconds. Take a module out
when it has to be deployed, scaled or kept apart by itself, not before: each cut costs a call over HTTP where there was
none. What is asked on the way of an order, sales of product, is the cut that costs most; auth is the one that costs
least, because tokens are verified without asking it. Four processes are the layout of `docker-compose.yml`
([deployment](deployment.md)). Nothing has to be migrated to change: stop, start with another `--split`, and what was on
its way is published again. Data, tokens and clients stay.

## What differs

Nothing but where things are. One trace of requests over all four services is played on one process and on four, and
every answer, row and event is compared ([the test](../tests/system/test_differential.py)), ids and instants apart.
These are the exceptions, in the databases only:
"""

BESIDE = """\

Seen from outside there is this, which follows from the placement itself:

- A process answers the paths of its own modules, and its `/docs` lists those; the process of everything answers all.
- With a peer away, answers differ as they must: `503` with `Retry-After` where it was needed, and `degraded` in
  `/health/ready`. In one process nothing can be away but the database.
- The issuer in tokens is the URL of the process that hosts auth, if no other is set.
- Auth's limits and the rate of sales' customers are counted in Redis where events go over one, by all processes together;
  else by each for itself.
"""

CALLS = """\
## Who asks whom

| caller → owner | methods |
|---|---|"""

TABLE = """\

A call is *near* where both modules are in one process: the service object itself answers. It is *far* where they are
not: HTTP. Both are the same Protocol, with the same deadline, retries and errors, and one suite holds both to it
(`tests/contract`).

## The table

Every row is played by its own case of the [same journey](../tests/system/test_partitions.py), with real processes.

| `--split` | processes and ports | near | far (HTTP) | bus | its test case |
|---|---|---|---|---|---|"""


def page() -> str:
    """The page."""
    return "\n".join([HEAD, *_exceptions(), BESIDE, CALLS, *_calls(), TABLE, *map(_row, ALL, ALL.values())]) + "\n"


def _exceptions() -> Iterator[str]:
    yield "| what may differ | why |"
    yield "|---|---|"
    for what, why in EXCEPTIONS.items():
        yield f"| {what if ' ' in what else f'`{what}`'} | {why} |"


def _calls() -> Iterator[str]:
    for (caller, owner), methods in ASKED.items():
        yield f"| {caller} → {owner} | {', '.join(f'`{method}`' for method in methods)} |"


def _row(split: str, groups: Groups) -> str:
    specs = planned(split, None, ALONE)
    near = [
        f"{caller} → {owner}" for caller, owner in calls() if any({caller, owner} <= set(group) for group in groups)
    ]
    far = [f"{caller} → {owner}" for caller, owner in calls() if f"{caller} → {owner}" not in near]
    bus = "in process" if len(groups) == 1 else "Redis"
    return (
        f"| `{split}` | {_processes(specs)} | {', '.join(near) or 'none'} | {', '.join(far) or 'none'} | {bus} "
        f"| `{TEST.partition('::')[2]}[{split}]` |"
    )


def calls() -> Sequence[tuple[str, str]]:
    """Every pair of caller and owner, as the container has them."""
    return [(caller, owner) for caller in MODULES for owner in CALLEES.get(caller, ())]


def _processes(specs: Sequence[ProcessSpec]) -> str:
    return ", ".join(f"{spec.name} :{spec.port}" for spec in specs)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
