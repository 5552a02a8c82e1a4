"""`waybill chaos`: faults on purpose, on a system of its own, and the verdict of an oracle."""

import random
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.acting import NO_ANSWER, REFUSED, USAGE, Json, end, print_table, show
from entrypoints.cli.up import Ports, Split

if TYPE_CHECKING:
    from app.chaos.drill import Outcome

LONGEST_SEED = 2**31


def chaos(
    seconds: Annotated[float, typer.Option(min=10, help="How long faults strike.")] = 60,
    rate: Annotated[float, typer.Option(min=1, max=200, help="Orders a second.")] = 25,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two faults, on average.")] = 3,
    seed: Annotated[int | None, typer.Option(help="Play this schedule again; otherwise any, which is printed.")] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where everything listens.")] = 3000,
    split: Split = None,
    ports: Ports = None,
    *,
    as_json: Json = False,
) -> None:
    """Kill, halt and cut off a system of its own while orders go on; exit 1 if anything is lost, doubled or oversold."""
    import uvloop

    from app.launcher import CannotStart
    from app.supervisor import WrongPlan, planned

    chosen = random.randrange(LONGEST_SEED) if seed is None else seed  # noqa: S311  # to be played again
    typer.echo(f"seed {chosen}", err=True)
    try:
        specs = planned(split, ports, port)
        words = ["--port", str(port)] + [
            word for option, value in (("--split", split), ("--ports", ports)) if value for word in (option, value)
        ]
        with tempfile.TemporaryDirectory(prefix="waybill-chaos-") as folder:
            modules = [spec.modules[0] for spec in specs]
            outcome = uvloop.run(_played(Path(folder) / "data", words, modules, chosen, seconds, rate, every))
    except WrongPlan as error:
        raise end(str(error), USAGE) from None
    except CannotStart as error:
        raise end(str(error), NO_ANSWER) from None
    show({"seed": chosen, **asdict(outcome)}, as_json=as_json, table=lambda: _print(outcome, chosen))
    if outcome.verdict.faults:
        raise typer.Exit(REFUSED)


async def _played(  # an argument is an option
    data: Path, words: list[str], modules: list[str], seed: int, seconds: float, rate: float, every: float
) -> "Outcome":
    from app.chaos.drill import LONGEST_FREEZE_S, drill
    from app.chaos.schedule import schedule
    from app.chaos.system import started
    from app.chaos.trial import opened

    strikes = schedule(seed, seconds, every, modules, LONGEST_FREEZE_S)
    async with started(data, words, split=len(modules) > 1) as system, opened(system, seed) as trial:
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
    for fault in verdict.faults:
        typer.echo(f"wrong  {fault}")
    typer.echo(
        f"Nothing was lost, doubled or oversold. Again: --seed {seed}" if not verdict.faults else f"--seed {seed}"
    )
