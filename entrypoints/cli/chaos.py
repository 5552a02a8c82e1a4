"""`waybill chaos`: faults on purpose, on a system of its own, and the verdict of an oracle."""

import random
import shlex
import signal
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.acting import NO_ANSWER, REFUSED, USAGE, Json, end, print_table, show
from entrypoints.cli.up import Ports, Split

if TYPE_CHECKING:
    from app.chaos.drill import Outcome
    from app.chaos.layout import Layout

LONGEST_SEED = 2**31
TOLD_TO_STOP = 128 + signal.SIGTERM


def chaos(  # noqa: PLR0913  # an argument is an option
    seconds: Annotated[float, typer.Option(min=5, help="How long faults strike.")] = 60,
    rate: Annotated[float, typer.Option(min=1, max=200, help="Orders a second.")] = 25,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two faults, on average.")] = 3,
    longest: Annotated[float, typer.Option(min=0.2, help="Seconds for which a fault lasts, at most.")] = 30,
    seed: Annotated[int | None, typer.Option(help="Play this schedule again; otherwise any, which is printed.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where everything listens.")] = 3000,
    split: Split = None,
    ports: Ports = None,
    *,
    as_json: Json = False,
) -> None:
    """Kill, halt and cut off a system of its own while orders go on; exit 1 if anything is lost, doubled or oversold."""
    from asyncio import CancelledError

    import uvloop

    from app.chaos.drill import Stuck
    from app.chaos.layout import Layout
    from app.launcher import CannotStart
    from app.supervisor import WrongPlan

    chosen = random.randrange(LONGEST_SEED) if seed is None else seed  # noqa: S311  # to be played again
    typer.echo(f"seed {chosen}; starting a system", err=True)
    try:
        layout = Layout(port, split, ports)
        with tempfile.TemporaryDirectory(prefix="waybill-chaos-") as folder:
            data = Path(folder) / "data"
            outcome = uvloop.run(_played(data, layout, chosen, seconds, rate, every, longest))
    except WrongPlan as error:
        raise end(str(error), USAGE) from None
    except CannotStart as error:
        raise end(str(error), NO_ANSWER) from None
    except CancelledError:
        raise end("stopped", TOLD_TO_STOP) from None
    except Stuck as error:
        raise end(f"{error} Again: {_again(chosen)}", REFUSED) from None
    show(
        {"seed": chosen, **asdict(outcome), "wrong": outcome.faults},
        as_json=as_json,
        table=lambda: _print(outcome, chosen),
    )
    if outcome.faults:
        raise typer.Exit(REFUSED)


async def _played(  # an argument is an option
    data: Path, layout: "Layout", seed: int, seconds: float, rate: float, every: float, longest: float
) -> "Outcome":
    from asyncio import current_task, get_running_loop

    from app.chaos.drill import drill
    from app.chaos.schedule import schedule
    from app.chaos.system import started
    from app.chaos.trial import opened

    if task := current_task():
        get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # ends as Ctrl-C does: nothing is left
    strikes = schedule(seed, seconds, every, layout.modules, longest)
    async with started(data, layout) as system, opened(system, seed) as trial:
        return await drill(trial, strikes, seconds, rate, lambda line: typer.echo(line, err=True))


def _print(outcome: "Outcome", seed: int) -> None:
    verdict = outcome.verdict
    print_table(
        ["faults", "orders asked for", "placed", "refused", "lost", "doubled", "oversold", "well again after s"],
        [
            [
                outcome.strikes,
                outcome.asked,
                outcome.placed,
                outcome.refused,
                len(verdict.lost),
                len(verdict.doubled),
                len(verdict.oversold),
                f"{outcome.recovered_s:.1f}",
            ]
        ],
    )
    for fault in outcome.faults:
        typer.echo(f"wrong  {fault}")
    said = (
        f"{len(outcome.faults)} things are not as promised."
        if outcome.faults
        else "Nothing was lost, doubled or oversold."
    )
    typer.echo(f"{said} Again: {_again(seed)}")


def _again(seed: int) -> str:
    """The words that play the same faults again: those that were given, with the seed."""
    words = sys.argv[1:]
    at = words.index("--seed") if "--seed" in words else len(words)
    return shlex.join(["waybill", *words[:at], *words[at + 2 :], "--seed", str(seed)])
