"""`waybill bench`: how fast, beside what is possible on this machine in these minutes."""

import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from entrypoints.cli.acting import REFUSED, Json, end, print_table, show

if TYPE_CHECKING:
    from bench.events import EventRound
    from bench.load import Load
    from bench.orders import Round, Sustained
    from bench.placements import Pair, Placement
    from bench.revoking import Revoked
    from bench.shipped import Shipped
    from bench.tokens import TokenRound


def bench(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="Three short rounds, in four minutes.")] = False,
    as_json: Json = False,
) -> None:
    """Measure orders and tokens, interleaved with pgbench and an in-memory echo; print nothing if any is amiss."""
    import uvloop

    from bench import events, placements, tokens
    from bench.orders import Setting, measure

    setting = Setting(rounds=3, seconds=3) if quick else Setting(rounds=5, seconds=15)
    for_tokens = replace(setting, seconds=2) if quick else setting
    with tempfile.TemporaryDirectory(prefix="waybill-bench-") as folder:
        try:
            rounds, sustained = uvloop.run(measure(Path(folder) / "data", setting))
            pairs, shipped, revoked = uvloop.run(placements.measure(Path(folder), setting))
            about_events = uvloop.run(events.measure(Path(folder), setting.rounds, 2000 * setting.seconds))
            about_tokens = uvloop.run(tokens.measure(Path(folder) / "tokens", for_tokens))
        except AssertionError as fault:
            raise end(f"The oracle found: {fault}. No figure is worth printing.", REFUSED) from None
    about_orders = [*_figures(rounds, sustained), *_placements(pairs), *_shipped(shipped), *_events(about_events)]
    figures = [*about_orders, *_tokens(about_tokens), *_revoked(revoked)]
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


def _shipped(rounds: "Sequence[tuple[Shipped, Shipped]]") -> list[list[object]]:
    return [
        *_followed("one process", [one for one, _ in rounds]),
        *_followed("four processes", [four for _, four in rounds]),
    ]


def _followed(where: str, rounds: "Sequence[Shipped]") -> list[list[object]]:
    of_all = type(rounds[0])()
    for one in rounds:
        of_all.add(one)
    late, commits = of_all.orders.percentile(0.99), of_all.commits.percentile(0.99)
    beside = [one.orders.percentile(0.5) / one.commits.percentile(0.5) for one in rounds]
    return [
        _row(f"order-to-shipment, {where}, p50 ms", [one.orders.percentile(0.5) for one in rounds], 2),
        _row("  beside three durable commits, times", beside, 2),
        _row("  p99 ms of all rounds", [late], 2),
        _row("  beside p99 of three durable commits, times", [late / commits], 2),
    ]


def _events(rounds: "Sequence[EventRound]") -> list[list[object]]:
    return [
        _row("Redis' client alone: append, read, acknowledge, events/s", [one.bare for one in rounds]),
        _row("event-rate: from outbox to inbox over Redis, events/s", [one.handled for one in rounds]),
        _row("  beside the client alone, times", [one.handled / one.bare for one in rounds], 2),
    ]


def _tokens(rounds: "Sequence[TokenRound]") -> list[list[object]]:
    echo = [one.echo.rate(200) for one in rounds]
    return [
        _row("echo: a token request's form from memory, /s", echo),
        *_driven("token-issue", [one.issue for one in rounds], echo),
        *_driven("token-refresh", [one.refresh for one in rounds], echo),
        _row("a token's SHA-256 and a look-up in a dict, us", [one.hash_us for one in rounds], 2),
        _row("token-verify: a seen token, us", [one.verify_us for one in rounds], 2),
        _row("  beside hash and look-up, times", [one.verify_us / one.hash_us for one in rounds], 2),
    ]


def _driven(name: str, loads: "Sequence[Load]", echo: "Sequence[float]") -> list[list[object]]:
    return [
        _row(f"{name}/s, one process", [load.rate(200) for load in loads]),
        _row("  p50 ms", [load.percentile(0.5) for load in loads], 1),
        _row("  p99 ms", [load.percentile(0.99) for load in loads], 1),
        _row("  beside the echo, times", [load.rate(200) / of for load, of in zip(loads, echo, strict=True)], 2),
    ]


def _revoked(rounds: "Sequence[Revoked]") -> list[list[object]]:
    return [
        *_refused("one process", [one.one for one in rounds]),
        *_refused("four processes", [one.four for one in rounds]),
    ]


def _refused(where: str, rounds: "Sequence[Load]") -> list[list[object]]:
    of_all = replace(rounds[0], took_ms=[took_ms for one in rounds for took_ms in one.took_ms])
    return [
        _row(f"revoke-to-401, {where}, p50 ms", [one.percentile(0.5) for one in rounds]),
        _row("  p99 ms of all rounds", [of_all.percentile(0.99)]),
        _row("  slowest ms", [max(one.took_ms) for one in rounds]),
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
