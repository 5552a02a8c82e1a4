"""`waybill up`: the whole system on this machine."""

import sys
import time
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from app.supervisor import RunFile

Split = Annotated[
    str | None,
    typer.Option(metavar="PARTITION", help="Several processes: commas between them, + within one (auth+product,…)."),
]


class CarrierKind(StrEnum):
    """Who carries parcels: `manual` waits to be told, `simulated` has them go their way by themselves."""

    MANUAL = "manual"
    SIMULATED = "simulated"


Ports = Annotated[
    str | None, typer.Option(metavar="MODULE=PORT,…", help="Where the processes of a split listen, if not as usual.")
]


def up(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where everything listens.")] = 3000,
    data: Annotated[Path, typer.Option(help="The folder for databases, secrets and logs.")] = Path(".waybill"),
    workers: Annotated[int, typer.Option(min=1, max=64, help="Server processes that share a port.")] = 1,
    split: Split = None,
    ports: Ports = None,
    carrier: Annotated[
        CarrierKind, typer.Option(help="Who carries parcels; the simulated one has them go their way by themselves.")
    ] = CarrierKind.MANUAL,
    *,
    fresh: Annotated[bool, typer.Option("--fresh", help="Delete what the data folder holds first.")] = False,
    reload: Annotated[bool, typer.Option("--reload", help="Start again whenever the code changes.")] = False,
) -> None:
    """Start all that is needed on this machine, and keep it running until Ctrl-C."""
    from app.launcher import CannotStart
    from app.supervisor import Supervisor, WrongPlan, planned, serve_command

    began = time.monotonic()
    try:
        specs = planned(split, ports, port)
    except WrongPlan as wrong:
        _print(str(wrong), error=True)
        raise typer.Exit(2) from None
    supervisor = Supervisor(
        data,
        specs,
        lambda spec: serve_command(spec, workers),
        say=lambda line: _print(line, error=True),
        on_ready=lambda run: _announce(run, data.absolute(), time.monotonic() - began),
        fresh=fresh,
        reload=reload,
        plays_carrier=carrier is CarrierKind.SIMULATED,
    )
    try:
        supervisor.run()
    except CannotStart as reason:
        _print(str(reason), error=True)
        raise typer.Exit(3) from None


def _announce(run: "RunFile", data: Path, took_s: float) -> None:
    _print(f"ready in {took_s:.1f} s")
    for process in run.processes:
        _print(f"  {process.url}  {', '.join(process.modules)}")
    _print(f"Data and logs are in {data}. Ctrl-C stops everything.")


def _print(line: str, *, error: bool = False) -> None:
    # Whoever read our lines may have gone; that is no reason to stop serving.
    with suppress(OSError):
        print(line, file=sys.stderr if error else sys.stdout, flush=True)  # rich would cost every start its import
