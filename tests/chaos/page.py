"""Makes `docs/reliability.md` from a run: `python -m tests.chaos.page` has every named step struck and writes it."""

import asyncio
import platform
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from app.chaos.one_by_one import one_by_one
from app.chaos.oracle import Verdict
from app.chaos.steps import STEPS, Step
from app.chaos.system import started
from app.chaos.trial import opened
from app.failpoints import KILL
from tests.chaos.layouts import FOUR, options
from tests.system.running import ROOT

PAGE = ROOT / "docs" / "reliability.md"
WHAT = {KILL: "the process dies (`kill -9`)", "lose": "the answer is lost"}
HEAD = """\
# What faults cost

<!-- Written by `python -m tests.chaos.page`, from a run; a test compares all but the times. -->

Four processes, a PostgreSQL and a Valkey between them; a customer's system places orders at a steady rate, cancels some,
repeats what got no answer and remembers every answer; a warehouse walks parcels to the door; some of the goods run out.
Meanwhile one process after another is made to die, or to lose an answer, at each named step of an order's way. In the
end an oracle compares what was answered with orders, parcels, stock movements and histories. *Well again* is the time
from the fault until a new order was placed and delivery and sales had heard of it: its process was started anew meanwhile.

The same is done with every `./run test`, and with faults of all kinds mixed (processes and servers killed and halted,
events told again), in one process, in four, and in a placement that the seed chooses. `waybill chaos` does it for as
long as you like, and prints the seed.

| step | fault | lost | doubled | oversold | well again after |
|---|---|---|---|---|---|
"""


def written(took: Mapping[Step, float], verdict: Verdict) -> Iterator[str]:
    """The page."""
    yield HEAD
    found = f"{len(verdict.lost)} | {len(verdict.doubled)} | {len(verdict.oversold)}"
    for step in STEPS:
        yield f"| {step.meaning} (`{step.place}`) | {WHAT[step.fault]} | {found} | {took[step]:.1f} s |\n"
    yield f"\nPython {platform.python_version()}, two cores.\n"


async def _run() -> str:
    with tempfile.TemporaryDirectory(prefix="waybill-chaos-") as folder:
        data = Path(folder) / "data"
        async with started(data, options(FOUR), split=True) as system, opened(system, seed=1) as trial:
            took = await one_by_one(trial, print)
            verdict = await trial.verdict()
    if verdict.faults:
        raise SystemExit("\n".join(verdict.faults))
    return "".join(written(took, verdict))


if __name__ == "__main__":
    PAGE.write_text(asyncio.run(_run()))
