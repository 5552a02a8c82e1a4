"""`waybill bench`: how fast, beside what is possible on this machine in these minutes."""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.acting import REFUSED, Json, end, print_table, show

if TYPE_CHECKING:
    from bench.orders import Round, Sustained
    from bench.placements import Pair, Placement


def bench(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Three short rounds, under two minutes.")] = False,
    as_json: Json = False,
) -> None:
    """Measure orders a second, interleaved with pgbench and an in-memory echo; print nothing if an order is amiss."""
    import uvloop

    from bench import placements
    from bench.orders import Setting, measure

    setting = Setting(rounds=3, seconds=4) if quick else Setting(rounds=5, seconds=15)
    with tempfile.TemporaryDirectory(prefix="waybill-bench-") as folder:
        try:
            rounds, sustained = uvloop.run(measure(Path(folder) / "data", setting))
            pairs = uvloop.run(placements.measure(Path(folder), setting))
        except AssertionError as fault:
            raise end(f"The oracle found: {fault}. No figure is worth printing.", REFUSED) from None
    figures = [*_figures(rounds, sustained), *_placements(pairs)]
    show(
        [dict(zip(("what", "min", "median", "max"), row, strict=True)) for row in figures],
        as_json=as_json,
        table=lambda: print_table(["what", "min", "median", "max"], figures),
    )


def _figures(rounds: "Sequence[Round]", sustained: "Sequence[Sustained]") -> list[list[object]]:
    pairs = list(zip(rounds, sustained, strict=True))
    return [
        _row("pgbench: the least an order needs, tps", [one.pgbench_tps for one in rounds]),
        _row("echo: the same request from memory, /s", [one.echo.rate() for one in rounds]),
        _row("orders/s, one process, events waiting", [one.orders.rate() for one in rounds]),
        _row("  p50 ms", [one.orders.percentile(0.5) for one in rounds], 1),
        _row("  p99 ms", [one.orders.percentile(0.99) for one in rounds], 1),
        _row("  beside pgbench, times", [one.orders.rate() / one.pgbench_tps for one in rounds], 2),
        _row("  beside the echo, times", [one.orders.rate() / one.echo.rate() for one in rounds], 2),
        _row("orders/s, one process, events handled", [one.orders.rate() for one in sustained]),
        _row("  beside events waiting, times", [two.orders.rate() / one.orders.rate() for one, two in pairs], 2),
        _row("  backlog gone after, s", [one.backlog_gone_s for one in sustained], 2),
    ]


def _placements(pairs: "Sequence[Pair]") -> list[list[object]]:
    return [
        _row("orders/s, four processes, events handled", [pair.four.orders.rate() for pair in pairs]),
        _row("  beside one process in the same minute, times", [_ratio(pair, _rate) for pair in pairs], 2),
        _row("p50 ms of a lone order, one process", [pair.one.lone.percentile(0.5) for pair in pairs], 2),
        _row("p50 ms of a lone order, four processes", [pair.four.lone.percentile(0.5) for pair in pairs], 2),
        _row("  beside one process, times", [_ratio(pair, _lone) for pair in pairs], 2),
        _row("p50 ms, one order after another, one process", [pair.one.in_turn.percentile(0.5) for pair in pairs], 2),
        _row("p50 ms, one order after another, four", [pair.four.in_turn.percentile(0.5) for pair in pairs], 2),
        _row("  beside one process, times", [_ratio(pair, _in_turn) for pair in pairs], 2),
        _row("CPU us an order, servers, one process", [pair.one.cpu_us for pair in pairs]),
        _row("CPU us an order, servers, four processes", [pair.four.cpu_us for pair in pairs]),
        _row("  beside one process, times", [pair.four.cpu_us / pair.one.cpu_us for pair in pairs], 2),
        _row("CPU us an order, all, one process", [pair.one.all_cpu_us for pair in pairs]),
        _row("CPU us an order, all, four processes", [pair.four.all_cpu_us for pair in pairs]),
        _row("  beside one process, times", [pair.four.all_cpu_us / pair.one.all_cpu_us for pair in pairs], 2),
    ]


def _ratio(pair: "Pair", of: "Callable[[Placement], float]") -> float:
    return of(pair.four) / of(pair.one)


def _rate(placement: "Placement") -> float:
    return placement.orders.rate()


def _lone(placement: "Placement") -> float:
    return placement.lone.percentile(0.5)


def _in_turn(placement: "Placement") -> float:
    return placement.in_turn.percentile(0.5)


def _row(what: str, values: "Sequence[float]", digits: int = 0) -> list[object]:
    ordered = sorted(values)
    return [what, *(f"{value:.{digits}f}" for value in (ordered[0], statistics.median(ordered), ordered[-1]))]
