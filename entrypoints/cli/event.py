"""`waybill event`: what modules tell each other, and where it is."""

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from entrypoints.cli import dead
from entrypoints.cli.acting import DATA, NO_ANSWER, Data, Json, act, actor, ask, end, print_table, show

if TYPE_CHECKING:
    from app.post import Lag, Shown, Step

app = typer.Typer(no_args_is_help=True, help="Events: how far they are, one of them, the way of an order.")
app.add_typer(dead.app, name="dead")

DURATION = re.compile(r"([0-9]{1,6})\s*(s|min|h|d)")
UNITS = {"s": "seconds", "min": "minutes", "h": "hours", "d": "days"}


@app.command()
def lag(data: Data = DATA, *, as_json: Json = False) -> None:
    """Show how far events are behind: to publish, to settle, parked and given up; with Redis, of each group."""
    from app.post import lag as found_of

    found = ask(data, lambda: found_of(data))
    show(found, as_json=as_json, table=lambda: _print_lag(found))
    if found.trouble:
        raise end(found.trouble, NO_ANSWER)


@app.command("show")
def show_(event_id: UUID, data: Data = DATA, *, as_json: Json = False) -> None:
    """Show an event, how far it is on its way, and what each of those who follow has made of it."""
    from app.post import shown

    found = act(data, lambda operator: shown(operator, event_id))
    show(found, as_json=as_json, table=lambda: _print_event(found))


@app.command()
def trace(order_id: UUID, data: Data = DATA, *, as_json: Json = False) -> None:
    """Show an order's whole way, with times, through every module: steps, events, holds, stock and parcels."""
    from app.post import way
    from modules.kernel.ids import OrderId

    steps = act(data, lambda operator: way(operator, OrderId(order_id)))
    show(
        steps,
        as_json=as_json,
        table=lambda: print_table(
            ["at", "module", "what", ""], [[_time(one), one.module, one.what, one.about] for one in steps]
        ),
    )


@app.command()
def republish(
    since: Annotated[str, typer.Option(help="An instant (2026-03-01T12:00:00Z), or how long ago: 90s, 30min, 2h, 1d.")],
    data: Data = DATA,
    *,
    as_json: Json = False,
) -> None:
    """Have all events told again that were recorded since then and are kept. Whoever has handled one drops it."""
    from app.post import republished

    instant = _instant(since)
    told = act(data, lambda operator: republished(operator, actor(), instant))
    answer = {"since": instant, "events": told}
    listed = " and ".join(f"{events} of {module}" for module, events in told.items())
    show(answer, as_json=as_json, table=lambda: typer.echo(f"Told again since {instant:%Y-%m-%d %H:%M:%S}: {listed}."))


def _instant(text: str) -> datetime:
    """The instant that an option names, or so long ago; it is past, and says which zone it is of."""
    now = datetime.now(UTC)
    try:
        if ago := DURATION.fullmatch(text.strip()):
            return now - timedelta(**{UNITS[ago[2]]: int(ago[1])})
        instant = datetime.fromisoformat(text.strip())
        if instant.tzinfo is None:
            raise typer.BadParameter(f"{text!r} does not say which zone it is of: add Z", param_hint="--since")
        instant = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        what = f"{text!r} must be an instant like 2026-03-01T12:00:00Z, or how long ago, like 2h"
        raise typer.BadParameter(what, param_hint="--since") from None
    if instant > now:
        raise typer.BadParameter(f"{text!r} is still to come", param_hint="--since")
    return instant


def _time(step: "Step") -> str:
    return f"{step.at:%Y-%m-%d %H:%M:%S.%f}"[:-3] if step.at else "by now"


def _print_lag(found: "Lag") -> None:
    print_table(
        ["events of", "to publish", "to settle", "parked", "dead", "oldest s"],
        [
            [one.module, one.recorded, one.published, one.parked, one.dead, f"{one.oldest_s:.1f}"]
            for one in found.modules
        ],
    )
    for one in found.modules:
        for source in one.ahead:
            typer.echo(f"{one.module} does not follow {source} yet: it has to know first how far that is")
    if found.groups:
        print_table(
            ["stream", "group", "entries", "not given", "pending", "consumers"],
            [[one.stream, one.group, one.length, one.lag, one.pending, one.consumers] for one in found.groups],
        )


def _print_event(found: "Shown") -> None:
    import orjson

    event = found.event
    typer.echo(
        f"{event.document['type']}  number {int(str(event.document['sequence']))} about {event.document['subject']}"
    )
    print_table(
        ["of", "is", "recorded at", "published at", "as", "times", "settled at"],
        [
            [
                found.emitter,
                event.state,
                *(f"{at:%Y-%m-%d %H:%M:%S}" if at else "" for at in (event.recorded_at, event.published_at)),
                event.stream_id,
                event.publications,
                f"{event.settled_at:%Y-%m-%d %H:%M:%S}" if event.settled_at else "",
            ]
        ],
    )
    print_table(
        ["followed by", "is there", "attempts", "error"],
        [[module, one.state, one.attempts, one.error] for module, one in found.subscribers.items()],
    )
    typer.echo(orjson.dumps(event.document, option=orjson.OPT_INDENT_2).decode())
