"""Makes `docs/reliability.md` from a run: `python -m tests.chaos.page` has every fault strike by itself and writes it.

`python -m tests.chaos.page mixed` only writes its last section anew, of the long drills that were kept.
"""

import asyncio
import os
import platform
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.chaos.one_by_one import Recovery, by_themselves, one_by_one
from app.chaos.schedule import AHEAD, BEHIND, POSTGRES, Strike, singles
from app.chaos.steps import STEPS, Step
from app.chaos.system import started
from app.chaos.trial import opened
from app.failpoints import KILL
from tests.chaos.drills import Drill, kept
from tests.chaos.layouts import FOUR, laid_out
from tests.system.partitions import MODULES
from tests.system.running import ROOT

PAGE = ROOT / "docs" / "reliability.md"
HALTED_S, LASTS_S = 30.0, 5.0
ONE = ("auth",)
NAMES = {FOUR: "four processes", None: "one process"}
WHAT = {KILL: "the process dies (`kill -9`)", "lose": "the answer is lost"}
SERVERS = {"postgres": "PostgreSQL", "redis": "Redis", "events": "events of fifty orders", "disk": "PostgreSQL's disk"}
AT_ONCE = "is shut down at once (SIGQUIT)"
KINDS = {
    "kill": "dies (`kill -9`)",
    "empty": "dies, and comes back without its data",
    "freeze": "is halted (SIGSTOP)",
    "again": "are told again, in whatever order",
    "cut": "the line to it is cut",
    "slow": "the line to it takes 0.3 s longer, each way",
    "spoil": "the line to it answers rubbish",
    AHEAD: "starts with its clock 90 s ahead",
    BEHIND: "starts with its clock 90 s behind",
    "fill": "is full, first for its tables, then for its log",
}
HEAD = """\
# What faults cost

<!-- Written by `python -m tests.chaos.page`, from a run; a test compares all but the times. -->

A PostgreSQL, and, where there are several processes, a Valkey between them; a customer's system places orders at a steady
rate, cancels some, repeats what got no answer and remembers every answer; a warehouse walks parcels to the door; some of
the goods run out. Meanwhile faults strike, one by one. In the end an oracle compares what was answered with orders,
parcels, stock movements and histories: in {runs} nothing was lost, nothing doubled, nothing oversold.

*Well again* is the time from the fault, or from the end of one that lasts, until a new order was placed and delivery and
sales had heard of it. In brackets: until the process that died was started anew and ready. The goal is **under 10 s**; most
of it is the start of a process, which is work for a processor: see [ADR 0019](adr/0019-faults-on-purpose.md).

Much the same is done with every `./run test`, and with faults of all kinds mixed, in one process, in four, and in a
placement that the seed chooses. `waybill chaos` does it for as long as you like, and prints the seed.

## At each step of an order's way

| step | fault | lost | doubled | oversold | well again, four processes | well again, one process |
|---|---|---|---|---|---|---|
"""
AT_ANY_TIME = """
## At any time

| whom | what | lost | doubled | oversold | well again, four processes | well again, one process |
|---|---|---|---|---|---|---|
"""
MIXED = """
## All of it mixed, at night

Faults of all kinds, some of which last, so that several are under way at a time; when the last has ended, all is to be
well again. The fewer the processes, the more a fault stops, so they come less often there. Orders count from the start of
the system, those at the steps that are struck before included.

| where | time | a fault every | lasting up to | faults | orders asked for | placed | refused (sold out) | lost | doubled | oversold | well again | seed |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Took:
    """What a run in some processes took: after each step's fault, and after each other."""

    steps: Mapping[Step, Recovery]
    others: Mapping[Strike, Recovery]


def faults(modules: Sequence[str]) -> list[Strike]:
    """All that strikes at any time."""
    lasting = singles(modules, LASTS_S, small_disk=True)
    return [replace(one, for_s=HALTED_S) if one.kind == "freeze" else one for one in lasting]


def written(four: Took, one: Took) -> Iterator[str]:
    """The page, of two runs in which the oracle found nothing."""
    yield HEAD.replace("{runs}", "both runs")
    for step in STEPS:
        step_row = (f"{step.meaning} (`{step.place}`)", WHAT[step.fault], "0", "0", "0")
        yield _row(*step_row, str(four.steps[step]), str(one.steps[step]))
    yield AT_ANY_TIME
    in_four = {_named(strike): took for strike, took in four.others.items()}
    in_one = {_named(strike, one_process=True): took for strike, took in one.others.items()}
    for who, what in dict.fromkeys([*in_four, *in_one]):
        yield _row(who, what, "0", "0", "0", str(in_four.get((who, what), "")), str(in_one.get((who, what), "")))
    lasted = f"Who was halted was for {HALTED_S:.0f} s; whatever else lasts did for {LASTS_S:.0f} s."
    busy = f"load {os.getloadavg()[2]:.0f}"
    yield f"\n{lasted} Python {platform.python_version()}, two cores, {busy}.\n"
    yield from mixed(kept())


def mixed(drills: Sequence[Drill]) -> Iterator[str]:
    """The last section: what long drills came to, as they were kept."""
    yield MIXED
    for one in drills:
        where = NAMES.get(one.split) or f"`{one.split}`"
        orders = (f"{number:,}" for number in (one.asked, one.placed, one.refused))
        times = (f"{some_s:g} s" for some_s in (one.seconds, one.every_s, one.longest_s))
        well = f"{one.recovered_s:.1f} s"
        yield _row(where, *times, str(one.faults), *orders, "0", "0", "0", well, str(one.seed))


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |\n"


def _named(strike: Strike, *, one_process: bool = False) -> tuple[str, str]:
    who = "the one process" if one_process and strike.what in MODULES else SERVERS.get(strike.what, strike.what)
    what = AT_ONCE if (strike.kind, strike.what) == ("kill", POSTGRES) else KINDS[strike.kind]
    return who, what


async def _run(split: str | None) -> Took:
    layout = laid_out(split)
    with tempfile.TemporaryDirectory(prefix="waybill-chaos-") as folder:
        async with started(Path(folder) / "data", layout, small_disk=True) as system, opened(system, seed=1) as trial:

            async def strike() -> Took:
                others = await by_themselves(trial, faults(layout.modules), print)
                return Took(await one_by_one(trial, STEPS, print), others)

            took: Took = await trial.during(strike)
            verdict = await trial.verdict()
    if verdict.faults:
        raise SystemExit("\n".join(verdict.faults))
    return took


if __name__ == "__main__":
    if sys.argv[1:] == ["mixed"]:  # no run, only the last section, of the drills that were kept
        PAGE.write_text(PAGE.read_text().partition(MIXED)[0] + "".join(mixed(kept())))
    else:
        PAGE.write_text("".join(written(asyncio.run(_run(FOUR)), asyncio.run(_run(None)))))
