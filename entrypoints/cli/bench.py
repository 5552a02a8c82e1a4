"""`waybill bench`: how fast, beside what is possible on this machine in these minutes."""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.acting import REFUSED, Json, end, print_table, show

if TYPE_CHECKING:
    from bench.orders import Round


def bench(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Three short rounds, under two minutes.")] = False,
    as_json: Json = False,
) -> None:
    """Measure orders a second, interleaved with pgbench and an in-memory echo; print nothing if an order is amiss."""
    import uvloop

    from bench.orders import measure

    rounds, seconds = (3, 4) if quick else (5, 15)
    with tempfile.TemporaryDirectory(prefix="waybill-bench-") as folder:
        try:
            measured = uvloop.run(measure(Path(folder) / "data", rounds=rounds, seconds=seconds))
        except AssertionError as fault:
            raise end(f"The oracle found: {fault}. No figure is worth printing.", REFUSED) from None
    figures = _figures(measured)
    show(
        [dict(zip(("what", "min", "median", "max"), row, strict=True)) for row in figures],
        as_json=as_json,
        table=lambda: print_table(["what", "min", "median", "max"], figures),
    )


def _figures(measured: "Sequence[Round]") -> list[list[object]]:
    def row(what: str, of: "Callable[[Round], float]", digits: int = 0) -> list[object]:
        values = sorted(of(one) for one in measured)
        return [what, *(f"{value:.{digits}f}" for value in (values[0], statistics.median(values), values[-1]))]

    return [
        row("pgbench, least of an order, tps", lambda one: one.pgbench_tps),
        row("echo from memory /s", lambda one: one.echo.rate()),
        row("orders/s, one process", lambda one: one.orders.rate()),
        row("orders p50 ms", lambda one: one.orders.percentile(0.5), 1),
        row("orders p99 ms", lambda one: one.orders.percentile(0.99), 1),
        row("orders beside pgbench, times", lambda one: one.orders.rate() / one.pgbench_tps, 2),
        row("orders beside echo, times", lambda one: one.orders.rate() / one.echo.rate(), 2),
    ]
